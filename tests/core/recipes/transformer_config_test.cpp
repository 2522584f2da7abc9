#include "everform/core/recipes/transformer_config.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "everform/core/base/error.h"
#include "everform/core/recipes/transformer_tensors.h"

namespace everform {
namespace {

TransformerConfig llama(std::int64_t vocabulary, std::int64_t width, std::int64_t depth, std::int64_t heads,
                        std::int64_t kv_heads, std::int64_t ff_width) {
  TransformerConfig config;
  config.architecture = "llama";
  config.vocabulary = vocabulary;
  config.width = width;
  config.depth = depth;
  config.heads = heads;
  config.kv_heads = kv_heads;
  config.head_width = width / heads;
  config.ff_width = ff_width;
  config.context = 2048;
  return config;
}

/// Layer norms with biases and a plain MLP.
TransformerConfig gpt(std::int64_t vocabulary, std::int64_t width, std::int64_t depth, std::int64_t heads) {
  TransformerConfig config = llama(vocabulary, width, depth, heads, heads, 4 * width);
  config.norm = NormKind::kLayerNorm;
  config.norm_bias = true;
  config.gated_mlp = false;
  config.activation = Activation::kGelu;
  config.qkv_bias = config.attention_output_bias = config.mlp_bias = true;
  return config;
}

TEST(ParameterCount, MatchesThePublishedModels) {
  EXPECT_EQ(parameter_count(llama(32000, 4096, 32, 32, 32, 11008)), 6'738'415'616);
  EXPECT_EQ(parameter_count(llama(32000, 2048, 22, 32, 4, 5632)), 1'100'048'384);
  TransformerConfig smollm = llama(49152, 576, 30, 9, 3, 1536);
  smollm.tied = true;
  EXPECT_EQ(parameter_count(smollm), 134'515'008);
  TransformerConfig qwen = llama(151936, 896, 24, 14, 2, 4864);
  qwen.tied = qwen.qkv_bias = true;
  EXPECT_EQ(parameter_count(qwen), 494'032'768);
}

TEST(ParameterCount, MatchesGpt2AndPythia) {
  TransformerConfig gpt2 = gpt(50257, 768, 12, 12);
  gpt2.positions = PositionKind::kLearned;
  gpt2.context = 1024;
  gpt2.tied = true;
  EXPECT_EQ(parameter_count(gpt2), 124'439'808);
  TransformerConfig pythia = gpt(50304, 512, 6, 8);
  pythia.residual = Residual::kParallel;
  pythia.rotary.dimensions = 16;
  EXPECT_EQ(parameter_count(pythia), 70'426'624);
}

TEST(TransformerTensors, NamesAreDistinctAndFollowTheOptions) {
  TransformerConfig config = gpt(100, 16, 2, 2);
  config.positions = PositionKind::kLearned;
  config.position_offset = 2;
  config.context = 30;
  config.embedding_norm = true;
  config.head_bias = true;
  std::set<std::string> names;
  for (const NamedShape& tensor : transformer_tensors(config)) {
    EXPECT_TRUE(names.insert(tensor.name).second) << tensor.name;
    if (tensor.name == "model.embed_positions.weight") {
      EXPECT_EQ(tensor.shape, (std::vector<std::int64_t>{32, 16}));
    }
  }
  for (const char* name : {"model.embed_norm.bias", "model.layers.1.self_attn.o_proj.bias", "lm_head.bias"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  EXPECT_FALSE(names.contains("model.layers.0.mlp.gate_proj.weight"));
  config.residual = Residual::kParallelShared;
  for (const NamedShape& tensor : transformer_tensors(config)) {
    EXPECT_EQ(tensor.name.find("post_attention_layernorm"), std::string::npos);
  }
}

TEST(TransformerConfig, SurvivesJson) {
  TransformerConfig config = gpt(1000, 96, 3, 6);
  config.rotary = {.theta = 500000.0, .dimensions = 8, .scaling = RotaryScaling::kLlama3, .factor = 32.0};
  config.residual = Residual::kParallelShared;
  config.norm_placement = NormPlacement::kPost;
  config.window = 77;
  config.attention_scale = 0.125;
  config.bos = 3;
  config.eos = {4, 5};
  const TransformerConfig back = transformer_config_from_json(to_json(config), "test");
  EXPECT_EQ(back, config);
}

/// The message of the error that a changed key of a good configuration gives.
std::string refusal(const std::string& key, const nlohmann::json& value) {
  nlohmann::json json = to_json(llama(1000, 64, 2, 4, 2, 128));
  json[nlohmann::json::json_pointer("/" + key)] = value;
  try {
    transformer_config_from_json(json, "config.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_EQ(error.where(), "config.json");
    return error.message() + " " + error.hint();
  }
  return "accepted";
}

TEST(TransformerConfig, RefusesUnknownKeysAndWrongTypes) {
  EXPECT_NE(refusal("widht", 64).find("did you mean \"width\""), std::string::npos);
  EXPECT_NE(refusal("rotary/thet", 1.0).find("rotary.thet"), std::string::npos);
  EXPECT_NE(refusal("width", "64").find("whole number"), std::string::npos);
  EXPECT_NE(refusal("width", 64.5).find("whole number"), std::string::npos);
  EXPECT_NE(refusal("width", UINT64_MAX).find("whole number"), std::string::npos);
  EXPECT_NE(refusal("tied", 1).find("true or false"), std::string::npos);
  EXPECT_NE(refusal("norm_epsilon", "small").find("number"), std::string::npos);
  EXPECT_NE(refusal("activation", "gleu").find("gelu"), std::string::npos);
  EXPECT_NE(refusal("rotary", 3).find("not an object"), std::string::npos);
  EXPECT_NE(refusal("eos", 3).find("list"), std::string::npos);
  EXPECT_NE(refusal("architecture", 3).find("text"), std::string::npos);
  EXPECT_NE(refusal("model_type", "llama").find("model_type"), std::string::npos);
}

TEST(TransformerConfig, RefusesImpossibleSizes) {
  const std::pair<const char*, nlohmann::json> bad[] = {
      {"vocabulary", 0},
      {"vocabulary", std::int64_t{1} << 40},
      {"width", -1},
      {"depth", 0},
      {"depth", 1000000},
      {"heads", 0},
      {"kv_heads", 3},
      {"kv_heads", 8},
      {"head_width", 0},
      {"ff_width", 0},
      {"context", 0},
      {"window", -1},
      {"norm_epsilon", 0.0},
      {"norm_epsilon", -1e-5},
      {"rotary/theta", 0.0},
      {"rotary/dimensions", 5},
      {"rotary/dimensions", 18},
      {"rotary/factor", -1.0},
      {"norm_bias", true},
      {"attention_scale", -0.5},
      {"bos", 1000},
      {"bos", -2},
      {"eos", {1, 1000}},
      {"position_offset", -1},
  };
  for (const auto& [key, value] : bad) {
    EXPECT_NE(refusal(key, value), "accepted") << key << " " << value.dump();
  }
  EXPECT_EQ(refusal("width", 64), "accepted");
}

TEST(TransformerConfig, ChecksTheScalingAndAlibi) {
  TransformerConfig config = llama(1000, 64, 2, 4, 2, 128);
  config.rotary.scaling = RotaryScaling::kLlama3;
  config.rotary.high_frequency_factor = config.rotary.low_frequency_factor;
  EXPECT_THROW(validate(config, "test"), Error);
  config.positions = PositionKind::kAlibi;
  EXPECT_NO_THROW(validate(config, "test"));
  config.alibi_max_bias = 0.0;
  EXPECT_THROW(validate(config, "test"), Error);
}

}  // namespace
}  // namespace everform
