#include "everform/workbench/models/t5.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/json_text.h"
#include "everform/workbench/models/weights_io.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

/// The formula of tests/peers/t5_reference.py.
torch::Tensor formula(const std::string& name, const std::vector<std::int64_t>& shape) {
  double offset = 0.0;
  for (const char letter : name) {
    offset += static_cast<unsigned char>(letter);
  }
  torch::Tensor out = torch::empty(shape, torch::dtype(at::kDouble));
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    const double wave = std::sin(static_cast<double>(i) * 12.9898 + offset) * 43758.5453;
    out.data_ptr<double>()[i] = wave - std::floor(wave) - 0.5;
  }
  return (name.ends_with("layer_norm.weight") ? 1.0 + 0.2 * out : out).to(at::kFloat);
}

std::shared_ptr<EncoderDecoder> load(const nlohmann::json& reference) {
  const test::TemporaryFolder folder;
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, shape] : reference.at("tensors").items()) {
    tensors.push_back(to_stored(name, formula(name, shape.get<std::vector<std::int64_t>>())));
  }
  write_safetensors(folder.path() / "model.safetensors", tensors);
  write_file(folder.path() / "config.json", json_to_text(reference.at("config")));
  return load_t5(folder.path());
}

torch::Tensor ids(const nlohmann::json& list) {
  return torch::tensor(list.get<std::vector<std::int64_t>>(), at::kLong).unsqueeze(0);
}

class T5 : public testing::TestWithParam<const char*> {
 protected:
  nlohmann::json reference_ = read_json_file("tests/workbench/models/data/t5_reference.json").at(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Both, T5, testing::Values("tied_relu", "free_gated"));

TEST_P(T5, LogitsAndGreedyTextAgreeWithTransformers) {
  const auto network = load(reference_);
  const torch::NoGradGuard no_grad;
  const torch::Tensor logits =
      network->forward(ids(reference_.at("source")), ids(reference_.at("target")))[0];
  const auto rows = reference_.at("logits").get<std::vector<std::vector<double>>>();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows[i].size(); ++j) {
      EXPECT_NEAR(logits[static_cast<std::int64_t>(i)][static_cast<std::int64_t>(j)].item<double>(),
                  rows[i][j], 2e-4);
    }
  }
  EXPECT_EQ(network->generate(ids(reference_.at("source")), 0, 1, 12),
            reference_.at("generated").get<std::vector<std::int64_t>>());
}

TEST_P(T5, PaddingOfTheSourceChangesNothing) {
  const auto network = load(reference_);
  const torch::NoGradGuard no_grad;
  const torch::Tensor source = ids(reference_.at("source"));
  const torch::Tensor target = ids(reference_.at("target"));
  const torch::Tensor padded = torch::cat({source, torch::full({1, 5}, 7, at::kLong)}, 1);
  const torch::Tensor mask =
      torch::cat({torch::ones({1, source.size(1)}, at::kBool), torch::zeros({1, 5}, at::kBool)}, 1);
  EXPECT_LT(
      (network->forward(padded, target, mask) - network->forward(source, target)).abs().max().item<double>(),
      1e-4);
}

TEST_P(T5, TrainsTheSharedTableAndTheRelativeBiasAlsoWithCheckpointing) {
  const auto network = load(reference_);
  const auto gradients = [&](bool checkpoint) {
    network->zero_grad();
    network->encoder->set_checkpoint_blocks(checkpoint);
    network->decoder->set_checkpoint_blocks(checkpoint);
    network->forward(ids(reference_.at("source")), ids(reference_.at("target"))).square().sum().backward();
    std::map<std::string, torch::Tensor> out;
    for (const auto& [name, parameter] : unique_parameters(*network)) {
      EXPECT_TRUE(parameter.grad().defined()) << name;
      out[name] = parameter.grad().clone();
    }
    return out;
  };
  const auto plain = gradients(false);
  const auto again = gradients(true);
  EXPECT_GT(plain.at("encoder.model.relative_bias.weight").abs().max().item<double>(), 0.0);
  for (const auto& [name, gradient] : plain) {
    EXPECT_LT((gradient - again.at(name)).abs().max().item<double>(),
              1e-3 * (1.0 + gradient.abs().max().item<double>()))
        << name;
  }
  EXPECT_EQ(plain.count("encoder.model.embed_tokens.weight"), 0U);
}

TEST(T5Config, RefusesWhatItDoesNotUnderstand) {
  nlohmann::json config =
      read_json_file("tests/workbench/models/data/t5_reference.json").at("tied_relu").at("config");
  config["feed_forward_proj"] = "gated-relu6";
  EXPECT_THROW(make_t5(config, "config.json"), Error);
  config["feed_forward_proj"] = "relu";
  config["attention_temperature"] = 2.0;
  EXPECT_THROW(make_t5(config, "config.json"), Error);
  config.erase("attention_temperature");
  config["relative_attention_num_buckets"] = 3;
  EXPECT_THROW(make_t5(config, "config.json"), Error);
}

}  // namespace
}  // namespace everform
