#include "everform/core/io/gguf_config_parts.h"

#include <array>
#include <charconv>

#include "everform/core/base/error.h"
#include "everform/core/io/rope_factors.h"

namespace everform {

void read_gguf_sizes(ConfigKeys& keys, TransformerConfig& config) {
  config.depth = keys.integer("block_count");
  config.context = keys.integer("context_length");
  config.width = keys.integer("embedding_length");
  config.heads = keys.integer("attention.head_count");
  config.kv_heads = keys.integer("attention.head_count_kv", config.heads);
  const std::int64_t even_width = config.heads > 0 ? config.width / config.heads : 0;
  config.head_width = keys.integer("attention.key_length", even_width);
  if (keys.integer("attention.value_length", even_width) != config.head_width) {
    keys.fail("attention.value_length", "differs from attention.key_length, which is not supported");
  }
  keys.expect("vocab_size", config.vocabulary);
  keys.expect("attention.causal", true);
}

void write_gguf_sizes(const TransformerConfig& config, const std::string& prefix, GgufKeys& keys) {
  keys.u32(prefix + "vocab_size", config.vocabulary);
  keys.u32(prefix + "block_count", config.depth);
  keys.u32(prefix + "context_length", config.context);
  keys.u32(prefix + "embedding_length", config.width);
  keys.u32(prefix + "attention.head_count", config.heads);
  keys.u32(prefix + "attention.head_count_kv", config.kv_heads);
  if (config.head_width * config.heads != config.width) {
    keys.u32(prefix + "attention.key_length", config.head_width);
    keys.u32(prefix + "attention.value_length", config.head_width);
  }
}

RotaryConfig read_gguf_rotary(ConfigKeys& keys, const TensorLookup& tensors,
                              const TransformerConfig& config) {
  RotaryConfig rotary;
  rotary.theta = shortest_decimal(keys.number("rope.freq_base", rotary.theta));
  const std::int64_t turned = keys.integer("rope.dimension_count", config.head_width);
  rotary.dimensions = turned == config.head_width ? 0 : turned;
  const double old_factor = keys.number("rope.scale_linear", 1.0);
  const double factor = keys.number("rope.scaling.factor", old_factor);
  const std::string type = keys.text("rope.scaling.type", factor != 1.0 ? "linear" : "none");
  keys.ignore({"rope.scaling.original_context_length", "rope.scaling.finetuned"});
  if (type != "none" && type != "linear") {
    keys.fail("rope.scaling.type", "is \"" + printable(type) + "\"; none and linear are supported");
  }
  if (type == "linear" && factor != 1.0) {
    rotary.scaling = RotaryScaling::kLinear;
    rotary.factor = shortest_decimal(factor);
  }
  if (const TensorView* factors = tensors("rope_freqs.weight")) {
    const std::optional<RotaryConfig> found = find_llama3_scaling(rotary, read_float32(*factors));
    if (!found || rotary.scaling != RotaryScaling::kNone || factors->elements() * 2 != turned) {
      throw Error(ErrorKind::kBadInput, keys.where(), "its rope_freqs are no scaling that is known",
                  "LLaMA 3's scaling is supported");
    }
    return *found;
  }
  return rotary;
}

void write_gguf_rotary(const TransformerConfig& config, const std::string& prefix, GgufKeys& keys) {
  const RotaryConfig& rotary = config.rotary;
  keys.u32(prefix + "rope.dimension_count", rotary.dimensions == 0 ? config.head_width : rotary.dimensions);
  keys.f32(prefix + "rope.freq_base", rotary.theta);
  if (rotary.scaling == RotaryScaling::kLinear) {
    keys.text(prefix + "rope.scaling.type", "linear");
    keys.f32(prefix + "rope.scaling.factor", rotary.factor);
  }
}

void read_gguf_fused(ConfigKeys& keys, const TensorLookup& tensors, TransformerConfig& config) {
  read_gguf_sizes(keys, config);
  config.ff_width = keys.integer("feed_forward_length");
  config.norm = NormKind::kLayerNorm;
  config.norm_epsilon = shortest_decimal(keys.number("attention.layer_norm_epsilon"));
  config.norm_bias = tensors("output_norm.bias") != nullptr;
  config.gated_mlp = false;
  config.activation = Activation::kGelu;
  config.qkv_bias = tensors("blk.0.attn_qkv.bias") != nullptr;
  config.attention_output_bias = tensors("blk.0.attn_output.bias") != nullptr;
  config.mlp_bias = tensors("blk.0.ffn_up.bias") != nullptr;
  keys.ignore({"tensor_data_layout"});
}

void write_gguf_fused(const TransformerConfig& config, const std::string& prefix, GgufKeys& keys) {
  write_gguf_sizes(config, prefix, keys);
  keys.u32(prefix + "feed_forward_length", config.ff_width);
  keys.f32(prefix + "attention.layer_norm_epsilon", config.norm_epsilon);
}

TensorMap gguf_fused_tensors(const TransformerConfig& config, const std::string& attention_norm,
                             const std::string& mlp_norm) {
  TensorMapBuilder map(config);
  map.as_is("model.embed_tokens.weight", "token_embd.weight")
      .as_is("model.embed_positions.weight", "position_embd.weight")
      .pair("model.embed_norm", "token_embd_norm");
  const QkvRows rows = stacked_qkv_rows(config);
  for (std::int64_t i = 0; i < config.depth; ++i) {
    const std::string block = "blk." + std::to_string(i) + ".";
    map.pair(layer_tensor(i, "input_layernorm"), block + attention_norm)
        .fused_qkv(i, block + "attn_qkv", rows)
        .pair(layer_tensor(i, "self_attn.o_proj"), block + "attn_output")
        .pair(layer_tensor(i, "post_attention_layernorm"), block + mlp_norm)
        .pair(layer_tensor(i, "mlp.up_proj"), block + "ffn_up")
        .pair(layer_tensor(i, "mlp.down_proj"), block + "ffn_down");
  }
  map.pair("model.norm", "output_norm").pair("lm_head", "output");
  return map.finish();
}

double shortest_decimal(double float32_value) {
  std::array<char, 64> text{};
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), static_cast<float>(float32_value));
  double value = float32_value;
  std::from_chars(text.data(), written.ptr, value);
  return value;
}

}  // namespace everform
