#include "everform/workbench/models/sentence_encoder.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "everform/core/base/error.h"
#include "everform/core/io/json_text.h"
#include "everform/workbench/models/bert.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

std::filesystem::path minilm() {
  return test::bundled_models() / "all-minilm-l6-v2";
}

nlohmann::json reference() {
  return read_json_file("tests/workbench/models/data/minilm_reference.json").at("sentences");
}

double cosine(const torch::Tensor& a, const torch::Tensor& b) {
  return ((a * b).sum() / (a.norm() * b.norm())).item<double>();
}

TEST(SentenceEncoder, AgreesWithTransformersToFiveNines) {
  EVERFORM_NEEDS(minilm());
  const SentenceEncoder encoder(minilm());
  EXPECT_EQ(encoder.width(), 384);
  EXPECT_EQ(encoder.max_tokens(), 256);
  std::vector<std::string> texts;
  for (const auto& row : reference()) {
    texts.push_back(row.at("text"));
  }
  const torch::Tensor found = encoder.encode(texts).to(at::kDouble);
  std::int64_t i = 0;
  for (const auto& row : reference()) {
    const torch::Tensor expected = torch::tensor(row.at("embedding").get<std::vector<double>>(), at::kDouble);
    EXPECT_GT(cosine(found[i], expected), 0.99999) << texts[static_cast<std::size_t>(i)];
    EXPECT_NEAR(found[i].norm().item<double>(), 1.0, 1e-6);
    ++i;
  }
  EXPECT_GT(cosine(found[0], found[1]), cosine(found[0], found[2]) + 0.2);
}

TEST(Bert, HiddenStatesFollowTheReferencesTokens) {
  EVERFORM_NEEDS(minilm());
  const auto bert = load_bert(minilm());
  const torch::NoGradGuard no_grad;
  for (const auto& row : reference()) {
    const torch::Tensor tokens =
        torch::tensor(row.at("tokens").get<std::vector<std::int64_t>>(), at::kLong).unsqueeze(0);
    const torch::Tensor mean = bert->forward({.tokens = tokens})[0].mean(0).to(at::kDouble);
    EXPECT_GT(cosine(mean, torch::tensor(row.at("embedding").get<std::vector<double>>(), at::kDouble)),
              0.99999);
  }
}

TEST(Bert, RefusesConfigurationsItDoesNotUnderstand) {
  nlohmann::json config = {
      {"model_type", "bert"},         {"vocab_size", 10},         {"hidden_size", 8},
      {"num_hidden_layers", 1},       {"num_attention_heads", 2}, {"intermediate_size", 16},
      {"max_position_embeddings", 12}};
  EXPECT_EQ(make_bert(config, "config.json")->config().width, 8);
  config["position_embedding_type"] = "relative_key";
  EXPECT_THROW(make_bert(config, "config.json"), Error);
  config["position_embedding_type"] = "absolute";
  config["extra_norm"] = true;
  EXPECT_THROW(make_bert(config, "config.json"), Error);
  config.erase("extra_norm");
  config["hidden_size"] = "8";
  EXPECT_THROW(make_bert(config, "config.json"), Error);
}

TEST(Bert, NamesOfTheMap) {
  EXPECT_EQ(bert_parameter_name("model.layers.3.self_attn.q_proj.bias"),
            "encoder.layer.3.attention.self.query.bias");
  EXPECT_EQ(bert_parameter_name("model.layers.0.post_attention_layernorm.weight"),
            "encoder.layer.0.output.LayerNorm.weight");
  EXPECT_EQ(bert_parameter_name("model.layers.0.mlp.down_proj.weight"),
            "encoder.layer.0.output.dense.weight");
  EXPECT_EQ(bert_parameter_name("model.embed_norm.bias"), "embeddings.LayerNorm.bias");
}

}  // namespace
}  // namespace everform
