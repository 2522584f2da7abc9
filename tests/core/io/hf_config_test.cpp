#include "everform/core/io/hf_config.h"

#include <gtest/gtest.h>

#include "everform/core/io/architecture.h"
#include "tests/core/io/io_test_support.h"

namespace everform {
namespace {

using nlohmann::json;
using test::refusal;
using test::tiny_config;

TransformerConfig read(const json& config) {
  return read_hf_config(config, "config.json");
}

json with(json config, const std::string& key, const json& value) {
  config[key] = value;
  return config;
}

// Published configurations, as they stand on the hub (keys that matter and some that do not).
const json kSmolLm = {{"architectures", {"LlamaForCausalLM"}},
                      {"attention_bias", false},
                      {"attention_dropout", 0.0},
                      {"bos_token_id", 1},
                      {"eos_token_id", 2},
                      {"hidden_act", "silu"},
                      {"hidden_size", 576},
                      {"initializer_range", 0.041666666666666664},
                      {"intermediate_size", 1536},
                      {"is_llama_config", true},
                      {"max_position_embeddings", 8192},
                      {"mlp_bias", false},
                      {"model_type", "llama"},
                      {"num_attention_heads", 9},
                      {"num_hidden_layers", 30},
                      {"num_key_value_heads", 3},
                      {"pretraining_tp", 1},
                      {"rms_norm_eps", 1e-05},
                      {"rope_interleaved", false},
                      {"rope_scaling", nullptr},
                      {"rope_theta", 100000},
                      {"tie_word_embeddings", true},
                      {"torch_dtype", "bfloat16"},
                      {"transformers_version", "4.40.1"},
                      {"use_cache", true},
                      {"vocab_size", 49152}};
const json kGpt2 = {
    {"activation_function", "gelu_new"},
    {"architectures", {"GPT2LMHeadModel"}},
    {"attn_pdrop", 0.1},
    {"bos_token_id", 50256},
    {"embd_pdrop", 0.1},
    {"eos_token_id", 50256},
    {"initializer_range", 0.02},
    {"layer_norm_epsilon", 1e-05},
    {"model_type", "gpt2"},
    {"n_ctx", 1024},
    {"n_embd", 768},
    {"n_head", 12},
    {"n_layer", 12},
    {"n_positions", 1024},
    {"resid_pdrop", 0.1},
    {"summary_activation", nullptr},
    {"summary_first_dropout", 0.1},
    {"summary_proj_to_labels", true},
    {"summary_type", "cls_index"},
    {"summary_use_proj", true},
    {"task_specific_params", {{"text-generation", {{"do_sample", true}, {"max_length", 50}}}}},
    {"vocab_size", 50257}};
const json kPythia = {{"architectures", {"GPTNeoXForCausalLM"}},
                      {"bos_token_id", 0},
                      {"eos_token_id", 0},
                      {"hidden_act", "gelu"},
                      {"hidden_size", 512},
                      {"initializer_range", 0.02},
                      {"intermediate_size", 2048},
                      {"layer_norm_eps", 1e-05},
                      {"max_position_embeddings", 2048},
                      {"model_type", "gpt_neox"},
                      {"num_attention_heads", 8},
                      {"num_hidden_layers", 6},
                      {"rotary_emb_base", 10000},
                      {"rotary_pct", 0.25},
                      {"tie_word_embeddings", false},
                      {"torch_dtype", "float16"},
                      {"use_cache", true},
                      {"use_parallel_residual", true},
                      {"vocab_size", 50304}};
const json kQwen = {{"architectures", {"Qwen2ForCausalLM"}},
                    {"attention_dropout", 0.0},
                    {"bos_token_id", 151643},
                    {"eos_token_id", 151643},
                    {"hidden_act", "silu"},
                    {"hidden_size", 896},
                    {"intermediate_size", 4864},
                    {"max_position_embeddings", 32768},
                    {"max_window_layers", 24},
                    {"model_type", "qwen2"},
                    {"num_attention_heads", 14},
                    {"num_hidden_layers", 24},
                    {"num_key_value_heads", 2},
                    {"rms_norm_eps", 1e-06},
                    {"rope_theta", 1000000.0},
                    {"sliding_window", 32768},
                    {"tie_word_embeddings", true},
                    {"use_mrope", false},
                    {"use_sliding_window", false},
                    {"vocab_size", 151936}};
const json kMistral = {{"architectures", {"MistralForCausalLM"}},
                       {"bos_token_id", 1},
                       {"eos_token_id", 2},
                       {"hidden_act", "silu"},
                       {"hidden_size", 4096},
                       {"intermediate_size", 14336},
                       {"max_position_embeddings", 32768},
                       {"model_type", "mistral"},
                       {"num_attention_heads", 32},
                       {"num_hidden_layers", 32},
                       {"num_key_value_heads", 8},
                       {"rms_norm_eps", 1e-05},
                       {"rope_theta", 10000.0},
                       {"sliding_window", 4096},
                       {"tie_word_embeddings", false},
                       {"vocab_size", 32000}};

TEST(HfConfig, PublishedModelsHaveTheirParameters) {
  EXPECT_EQ(parameter_count(read(kSmolLm)), 134'515'008);
  EXPECT_EQ(parameter_count(read(kGpt2)), 124'439'808);
  EXPECT_EQ(parameter_count(read(kPythia)), 70'426'624);
  EXPECT_EQ(parameter_count(read(kQwen)), 494'032'768);
  EXPECT_EQ(parameter_count(read(kMistral)), 7'241'732'096);
}

TEST(HfConfig, ReadsWhatMatters) {
  const TransformerConfig smollm = read(kSmolLm);
  EXPECT_EQ(smollm.rotary.theta, 100000.0);
  EXPECT_EQ(smollm.eos, (std::vector<std::int64_t>{2}));
  EXPECT_TRUE(smollm.tied);
  const TransformerConfig pythia = read(kPythia);
  EXPECT_EQ(pythia.rotary.dimensions, 16);
  EXPECT_EQ(pythia.residual, Residual::kParallel);
  EXPECT_EQ(pythia.activation, Activation::kGelu);
  EXPECT_EQ(read(with(kPythia, "use_parallel_residual", false)).residual, Residual::kSequential);
  EXPECT_EQ(read(kGpt2).activation, Activation::kGeluTanh);
  EXPECT_TRUE(read(kQwen).qkv_bias);
  EXPECT_FALSE(read(kQwen).attention_output_bias);
  EXPECT_EQ(read(kQwen).window, 0);
  EXPECT_EQ(read(kMistral).window, 4096);
  EXPECT_EQ(read(with(kMistral, "sliding_window", nullptr)).window, 0);
  EXPECT_EQ(read(with(kSmolLm, "eos_token_id", {1, 2})).eos, (std::vector<std::int64_t>{1, 2}));
}

TEST(HfConfig, ReadsRotaryScalingInBothSpellings) {
  const json llama3 = {{"factor", 8.0},
                       {"low_freq_factor", 1.0},
                       {"high_freq_factor", 4.0},
                       {"original_max_position_embeddings", 8192},
                       {"rope_type", "llama3"}};
  const RotaryConfig old_style = read(with(kSmolLm, "rope_scaling", llama3)).rotary;
  EXPECT_EQ(old_style.scaling, RotaryScaling::kLlama3);
  EXPECT_EQ(old_style.factor, 8.0);
  json newer = kSmolLm;
  newer.erase("rope_theta");
  newer["rope_parameters"] = llama3;
  newer["rope_parameters"]["rope_theta"] = 100000.0;
  EXPECT_EQ(read(newer).rotary, old_style);
  EXPECT_EQ(read(with(kSmolLm, "rope_scaling", {{"type", "linear"}, {"factor", 2.0}})).rotary.factor, 2.0);
  for (const char* type : {"yarn", "dynamic", "longrope"}) {
    const json bad = with(kSmolLm, "rope_scaling", {{"rope_type", type}, {"factor", 2.0}});
    EXPECT_NE(refusal([&] { read(bad); }).find(type), std::string::npos);
  }
  const json extra = with(kSmolLm, "rope_scaling", {{"rope_type", "linear"}, {"factor", 2.0}, {"beta", 1}});
  EXPECT_NE(refusal([&] { read(extra); }).find("beta"), std::string::npos);
}

TEST(HfConfig, RefusesWhatWouldChangeTheMaths) {
  const std::pair<const json*, std::pair<const char*, json>> bad[] = {
      {&kSmolLm, {"some_new_switch", true}},
      {&kSmolLm, {"rope_interleaved", true}},
      {&kSmolLm, {"hidden_act", "tanh"}},
      {&kSmolLm, {"partial_rotary_factor", 0.0}},
      {&kSmolLm, {"quantization_config", {{"bits", 4}}}},
      {&kSmolLm, {"is_encoder_decoder", true}},
      {&kSmolLm, {"hidden_size", "576"}},
      {&kSmolLm, {"hidden_size", -576}},
      {&kSmolLm, {"hidden_size", INT64_MAX}},
      {&kSmolLm, {"vocab_size", nullptr}},
      {&kSmolLm, {"eos_token_id", 49152}},
      {&kSmolLm, {"eos_token_id", "2"}},
      {&kGpt2, {"scale_attn_weights", false}},
      {&kGpt2, {"scale_attn_by_inverse_layer_idx", true}},
      {&kGpt2, {"add_cross_attention", true}},
      {&kQwen, {"use_mrope", true}},
      {&kQwen, {"layer_types", {"full_attention", "sliding_attention"}}},
      {&kPythia, {"rotary_pct", 0.3}},  // 19 dimensions: not even
      {&kPythia, {"rotary_pct", 1.5}},
  };
  for (const auto& [base, change] : bad) {
    const json config = with(*base, change.first, change.second);
    EXPECT_NE(refusal([&] { read(config); }), "accepted") << change.first;
  }
}

TEST(HfConfig, RefusesEncodersWithAHintAndUnknownTypesWithAName) {
  try {
    read({{"model_type", "bert"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("embed"), std::string::npos);
  }
  try {
    read({{"model_type", "lama"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("llama"), std::string::npos);
  }
  EXPECT_NE(refusal([] { read(json::object()); }).find("no model_type"), std::string::npos);
  EXPECT_NE(refusal([] { read(json::array()); }), "accepted");
}

TEST(HfConfig, QwenWindowsAreUniformOrRefused) {
  json config = with(kQwen, "use_sliding_window", true);
  EXPECT_EQ(read(config).window, 0);  // max_window_layers covers all layers
  config["max_window_layers"] = 0;
  EXPECT_EQ(read(config).window, 32768);
  config["max_window_layers"] = 12;
  EXPECT_NE(refusal([&] { read(config); }).find("max_window_layers"), std::string::npos);
}

TEST(HfConfig, FalconVariants) {
  const json falcon = {
      {"model_type", "falcon"}, {"vocab_size", 64},          {"hidden_size", 64},
      {"num_hidden_layers", 2}, {"num_attention_heads", 8},  {"alibi", false},
      {"bias", false},          {"multi_query", true},       {"new_decoder_architecture", false},
      {"parallel_attn", true},  {"layer_norm_epsilon", 1e-5}};
  EXPECT_EQ(read(falcon).kv_heads, 1);
  EXPECT_EQ(read(falcon).residual, Residual::kParallelShared);
  EXPECT_EQ(read(with(falcon, "multi_query", false)).kv_heads, 8);
  EXPECT_EQ(read(with(falcon, "parallel_attn", false)).residual, Residual::kSequential);
  const json grouped = with(with(falcon, "new_decoder_architecture", true), "num_kv_heads", 2);
  EXPECT_EQ(read(grouped).kv_heads, 2);
  EXPECT_EQ(read(grouped).residual, Residual::kParallel);
  EXPECT_NE(refusal([&] { read(with(falcon, "alibi", true)); }).find("alibi"), std::string::npos);
  EXPECT_NE(refusal([&] { read(with(grouped, "num_ln_in_parallel_attn", 1)); }).find("num_ln"),
            std::string::npos);
}

TEST(HfConfig, MptAndOptVariants) {
  const json mpt = {{"model_type", "mpt"},
                    {"vocab_size", 64},
                    {"d_model", 64},
                    {"n_layers", 2},
                    {"n_heads", 8},
                    {"max_seq_len", 128},
                    {"attn_config", {{"alibi", true}, {"attn_impl", "torch"}, {"clip_qkv", nullptr}}}};
  EXPECT_EQ(read(mpt).positions, PositionKind::kAlibi);
  EXPECT_EQ(read(mpt).ff_width, 256);
  EXPECT_EQ(read(with(mpt, "attn_config", {{"alibi", false}})).positions, PositionKind::kLearned);
  EXPECT_EQ(read(with(mpt, "attn_config", {{"attn_type", "multiquery_attention"}})).kv_heads, 1);
  for (const json& bad : {json{{"clip_qkv", 6.0}}, json{{"qk_ln", true}}, json{{"prefix_lm", true}},
                          json{{"new", 1}}, json{{"attn_type", "other"}}}) {
    EXPECT_NE(refusal([&] { read(with(mpt, "attn_config", bad)); }), "accepted") << bad.dump();
  }
  EXPECT_NE(refusal([&] { read(with(mpt, "norm_type", "rmsnorm")); }), "accepted");
  EXPECT_NE(refusal([&] { read(with(mpt, "no_bias", false)); }), "accepted");
  const json opt = write_hf_config(tiny_config("opt"), *find_architecture("opt"));
  EXPECT_EQ(read(opt).position_offset, 2);
  const TransformerConfig post = read(with(opt, "do_layer_norm_before", false));
  EXPECT_EQ(post.norm_placement, NormPlacement::kPost);
  EXPECT_FALSE(post.final_norm);
  EXPECT_NE(refusal([&] { read(with(opt, "word_embed_proj_dim", 16)); }), "accepted");
}

TEST(HfConfig, BloomTakesOldAndNewNames) {
  const json bloom = {{"model_type", "bloom"},  {"vocab_size", 64},         {"n_embed", 64},
                      {"num_hidden_layers", 2}, {"num_attention_heads", 8}, {"offset_alibi", 100},
                      {"seq_length", 512}};
  EXPECT_EQ(read(bloom).width, 64);
  EXPECT_EQ(read(bloom).context, 512);
  EXPECT_TRUE(read(bloom).embedding_norm);
  EXPECT_NE(refusal([&] { read(with(bloom, "apply_residual_connection_post_layernorm", true)); }),
            "accepted");
  EXPECT_NE(refusal([&] { read(with(bloom, "n_inner", 100)); }), "accepted");
}

TEST(HfConfig, EveryFamilyIsWrittenAsItIsRead) {
  for (const std::string& family : test::families()) {
    const TransformerConfig config = tiny_config(family);
    const json written = write_hf_config(config, *find_architecture(family));
    EXPECT_EQ(written["model_type"], family);
    const TransformerConfig back = read(written);
    EXPECT_TRUE(same_maths(back, config)) << family;
    EXPECT_EQ(back.bos, config.bos);
    EXPECT_EQ(back.eos, config.eos);
  }
}

TEST(HfConfig, RefusesToWriteWhatAFamilyLacks) {
  TransformerConfig config = tiny_config("llama");
  config.window = 8;
  EXPECT_THROW(write_hf_config(config, *find_architecture("llama")), Error);
  EXPECT_NO_THROW(write_hf_config(config, *find_architecture("mistral")));
  config = tiny_config("gpt2");
  config.head_bias = true;
  EXPECT_THROW(write_hf_config(config, *find_architecture("gpt2")), Error);
}

TEST(HfConfig, GenerationConfigAddsEndTokens) {
  test::TemporaryFolder folder;
  write_file(folder.path() / "config.json", kSmolLm.dump());
  write_file(folder.path() / "generation_config.json", R"({"eos_token_id": [2, 0], "temperature": 0.6})");
  EXPECT_EQ(read_hf_folder_config(folder.path()).eos, (std::vector<std::int64_t>{2, 0}));
  write_file(folder.path() / "generation_config.json", R"({"eos_token_id": 99999})");
  EXPECT_THROW(read_hf_folder_config(folder.path()), Error);
}

}  // namespace
}  // namespace everform
