#include "everform/workbench/models/t5.h"

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "everform/core/io/config_keys.h"
#include "everform/core/io/hf_config_parts.h"
#include "everform/core/io/json_text.h"
#include "everform/workbench/models/name_map.h"
#include "everform/workbench/models/weights_io.h"

namespace everform {

namespace {

constexpr std::array<NameRule, 13> kBothNames = {{
    {"decoder.lm_head.", "lm_head."},
    {"decoder.model.embed_tokens.", "shared."},
    {".model.relative_bias.", ".block.0.layer.0.SelfAttention.relative_attention_bias."},
    {".model.layers.", ".block."},
    {".model.norm.", ".final_layer_norm."},
    {".self_attn.", ".layer.0.SelfAttention."},
    {".input_layernorm.", ".layer.0.layer_norm."},
    {".cross_attn.", ".layer.1.EncDecAttention."},
    {".cross_attention_layernorm.", ".layer.1.layer_norm."},
    {".q_proj.", ".q."},
    {".k_proj.", ".k."},
    {".v_proj.", ".v."},
    {".o_proj.", ".o."},
}};
// The MLP is the last of two parts in the encoder, of three in the decoder.
constexpr std::array<NameRule, 2> kEncoderNames = {{
    {".mlp.", ".layer.1.DenseReluDense."},
    {".post_attention_layernorm.", ".layer.1.layer_norm."},
}};
constexpr std::array<NameRule, 2> kDecoderNames = {{
    {".mlp.", ".layer.2.DenseReluDense."},
    {".post_attention_layernorm.", ".layer.2.layer_norm."},
}};
constexpr std::array<NameRule, 3> kGatedNames = {{
    {".gate_proj.", ".wi_0."},
    {".up_proj.", ".wi_1."},
    {".down_proj.", ".wo."},
}};
constexpr std::array<NameRule, 2> kPlainNames = {{
    {".up_proj.", ".wi."},
    {".down_proj.", ".wo."},
}};

void read_feed_forward(ConfigKeys& keys, TransformerConfig& config) {
  const std::string kind = keys.text("feed_forward_proj", "relu");
  if (kind == "relu") {
    config.activation = Activation::kRelu;
    config.gated_mlp = false;
  } else if (kind == "gated-gelu") {
    config.activation = Activation::kGeluTanh;
    config.gated_mlp = true;
  } else if (kind == "gated-silu") {
    config.activation = Activation::kSilu;
    config.gated_mlp = true;
  } else {
    keys.fail("feed_forward_proj", "is \"" + kind + "\"; relu, gated-gelu and gated-silu are supported");
  }
}

TransformerConfig common_config(ConfigKeys& keys) {
  TransformerConfig config;
  config.architecture = "t5";
  config.vocabulary = keys.integer("vocab_size");
  config.width = keys.integer("d_model");
  config.depth = keys.integer("num_layers");
  config.heads = keys.integer("num_heads");
  config.kv_heads = config.heads;
  config.head_width = keys.integer("d_kv");
  config.ff_width = keys.integer("d_ff");
  // Relative positions have no end; this is what the published models were trained with.
  config.context = keys.integer("n_positions", 512);
  config.norm = NormKind::kRmsNorm;
  config.norm_epsilon = keys.number("layer_norm_epsilon", 1e-6);
  config.positions = PositionKind::kNone;
  config.attention_scale = 1.0;
  config.tied = keys.flag("tie_word_embeddings", true);
  read_feed_forward(keys, config);
  return config;
}

}  // namespace

std::shared_ptr<EncoderDecoder> make_t5(const nlohmann::json& json, const std::string& where) {
  ConfigKeys keys(json, where);
  keys.expect("model_type", "t5");
  keys.expect("is_encoder_decoder", true);
  ignore_hf_bookkeeping(keys);
  keys.ignore({"dropout_rate", "classifier_dropout", "initializer_factor", "eos_token_id", "bos_token_id",
               "dense_act_fn", "is_gated_act", "is_decoder", "output_past", "scale_decoder_outputs"});
  const TransformerConfig encoder = common_config(keys);
  TransformerConfig decoder = encoder;
  decoder.depth = keys.integer("num_decoder_layers", encoder.depth);
  TransformerConfig bidirectional = encoder;
  bidirectional.causal = false;
  TransformerOptions options;
  options.relative_buckets = keys.integer("relative_attention_num_buckets", 32);
  options.relative_distance = keys.integer("relative_attention_max_distance", 128);
  keys.refuse_others();
  if (options.relative_buckets < 4 || options.relative_buckets > 4096 || options.relative_buckets % 2 != 0) {
    keys.fail("relative_attention_num_buckets", "must be even and between 4 and 4096");
  }
  if (options.relative_distance <= options.relative_buckets / 2) {
    keys.fail("relative_attention_max_distance", "must exceed half the number of buckets");
  }
  TransformerOptions decoder_options = options;
  decoder_options.head_scale = decoder.tied ? 1.0 / std::sqrt(static_cast<double>(decoder.width)) : 1.0;
  return std::make_shared<EncoderDecoder>(bidirectional, options, decoder, decoder_options, true);
}

std::string t5_parameter_name(const std::string& parameter, bool gated) {
  const bool decoder = parameter.starts_with("decoder.");
  const std::string common = map_name(kBothNames, parameter);
  const std::string placed = map_name(decoder ? kDecoderNames : kEncoderNames, common);
  return gated ? map_name(kGatedNames, placed) : map_name(kPlainNames, placed);
}

std::shared_ptr<EncoderDecoder> load_t5(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json";
  auto network = make_t5(read_json_file(file), "reading " + file.string());
  const bool gated = network->decoder->config().gated_mlp;
  load_parameters(*network, *open_tensor_store(folder),
                  [&](const std::string& name) { return t5_parameter_name(name, gated); });
  network->eval();
  return network;
}

}  // namespace everform
