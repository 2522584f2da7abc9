// LLaMA and its relatives Mistral (a sliding window) and Qwen2 (biases on Q, K and V).
#include "everform/core/io/architecture_families.h"
#include "everform/core/io/gguf_config_parts.h"
#include "everform/core/io/hf_config_parts.h"

namespace everform {

namespace {

/// What all three have in common, and hooks for what they have not.
class LlamaFamily : public Architecture {
 public:
  std::string hf_base_prefix() const override { return "model."; }

  void read_hf(ConfigKeys& keys, TransformerConfig& config) const override {
    config.vocabulary = keys.integer("vocab_size");
    config.width = keys.integer("hidden_size");
    config.depth = keys.integer("num_hidden_layers");
    config.heads = keys.integer("num_attention_heads");
    config.kv_heads = keys.integer("num_key_value_heads", config.heads);
    config.head_width = keys.integer("head_dim", config.heads > 0 ? config.width / config.heads : 0);
    config.ff_width = keys.integer("intermediate_size");
    config.context = keys.integer("max_position_embeddings");
    config.norm_epsilon = keys.number("rms_norm_eps", 1e-6);
    config.activation = read_hf_activation(keys, "hidden_act", "silu");
    config.tied = keys.flag("tie_word_embeddings", false);
    config.rotary =
        read_hf_rotary(keys, "rope_theta", keys.number("partial_rotary_factor", 1.0), config.head_width);
    read_hf_variant(keys, config);
  }

  nlohmann::json write_hf(const TransformerConfig& config) const override {
    nlohmann::json json = {
        {"vocab_size", config.vocabulary},        {"hidden_size", config.width},
        {"num_hidden_layers", config.depth},      {"num_attention_heads", config.heads},
        {"num_key_value_heads", config.kv_heads}, {"head_dim", config.head_width},
        {"intermediate_size", config.ff_width},   {"max_position_embeddings", config.context},
        {"rms_norm_eps", config.norm_epsilon},    {"hidden_act", hf_activation(config.activation)},
        {"tie_word_embeddings", config.tied}};
    write_hf_rotary(config.rotary, json);
    write_hf_variant(config, json);
    return json;
  }

  TensorMap hf_tensors(const TransformerConfig& config) const override {
    TensorMapBuilder map(config);
    for (const NamedShape& tensor : transformer_tensors(config)) {
      map.as_is(tensor.name, tensor.name);
    }
    return map.finish();
  }

  void read_gguf(ConfigKeys& keys, const TensorLookup& tensors, TransformerConfig& config) const override {
    read_gguf_sizes(keys, config);
    config.ff_width = keys.integer("feed_forward_length");
    config.norm_epsilon = shortest_decimal(keys.number("attention.layer_norm_rms_epsilon"));
    config.rotary = read_gguf_rotary(keys, tensors, config);
    config.window = keys.integer("attention.sliding_window", 0);
    config.qkv_bias = tensors("blk.0.attn_q.bias") != nullptr;
    config.attention_output_bias = tensors("blk.0.attn_output.bias") != nullptr;
    config.mlp_bias = tensors("blk.0.ffn_up.bias") != nullptr;
    keys.expect("expert_count", 0);
    keys.expect("expert_used_count", 0);
  }

  void write_gguf(const TransformerConfig& config, GgufKeys& keys) const override {
    const std::string prefix = gguf_name() + ".";
    write_gguf_sizes(config, prefix, keys);
    keys.u32(prefix + "feed_forward_length", config.ff_width);
    keys.f32(prefix + "attention.layer_norm_rms_epsilon", config.norm_epsilon);
    write_gguf_rotary(config, prefix, keys);
    if (config.window > 0) {
      keys.u32(prefix + "attention.sliding_window", config.window);
    }
  }

  TensorMap gguf_tensors(const TransformerConfig& config) const override {
    TensorMapBuilder map(config);
    map.as_is("model.embed_tokens.weight", "token_embd.weight");
    const RowMap rows = permutes_rotary() ? interleaved_rotary_rows(config.head_width) : RowMap();
    for (std::int64_t i = 0; i < config.depth; ++i) {
      const std::string block = "blk." + std::to_string(i) + ".";
      map.pair(layer_tensor(i, "input_layernorm"), block + "attn_norm")
          .permuted_pair(layer_tensor(i, "self_attn.q_proj"), block + "attn_q", rows)
          .permuted_pair(layer_tensor(i, "self_attn.k_proj"), block + "attn_k", rows)
          .pair(layer_tensor(i, "self_attn.v_proj"), block + "attn_v")
          .pair(layer_tensor(i, "self_attn.o_proj"), block + "attn_output")
          .pair(layer_tensor(i, "post_attention_layernorm"), block + "ffn_norm")
          .pair(layer_tensor(i, "mlp.gate_proj"), block + "ffn_gate")
          .pair(layer_tensor(i, "mlp.up_proj"), block + "ffn_up")
          .pair(layer_tensor(i, "mlp.down_proj"), block + "ffn_down");
    }
    map.pair("model.norm", "output_norm").pair("lm_head", "output");
    return map.finish();
  }

 protected:
  virtual void read_hf_variant(ConfigKeys& keys, TransformerConfig& config) const = 0;
  virtual void write_hf_variant(const TransformerConfig& config, nlohmann::json& json) const = 0;
  /// llama.cpp rotates neighbouring rows for "llama" files, so that their Q and K rows are stored in another
  /// order.
  virtual bool permutes_rotary() const { return true; }
};

class Llama final : public LlamaFamily {
 public:
  std::string name() const override { return "llama"; }
  std::string hf_class() const override { return "LlamaForCausalLM"; }
  std::string gguf_name() const override { return "llama"; }

 protected:
  void read_hf_variant(ConfigKeys& keys, TransformerConfig& config) const override {
    config.qkv_bias = keys.flag("attention_bias", false);
    config.attention_output_bias = config.qkv_bias;
    config.mlp_bias = keys.flag("mlp_bias", false);
    keys.expect("rope_interleaved", false);
    keys.expect("is_llama_config", true);
  }

  void write_hf_variant(const TransformerConfig& config, nlohmann::json& json) const override {
    json["attention_bias"] = config.qkv_bias;
    json["mlp_bias"] = config.mlp_bias;
  }
};

class Mistral final : public LlamaFamily {
 public:
  std::string name() const override { return "mistral"; }
  std::string hf_class() const override { return "MistralForCausalLM"; }

 protected:
  void read_hf_variant(ConfigKeys& keys, TransformerConfig& config) const override {
    // Absent means Mistral 7B's own 4096; null means none.
    constexpr std::int64_t kDefaultWindow = 4096;
    config.window = keys.integer("sliding_window", keys.mentions("sliding_window") ? 0 : kDefaultWindow);
  }

  void write_hf_variant(const TransformerConfig& config, nlohmann::json& json) const override {
    json["sliding_window"] = config.window > 0 ? nlohmann::json(config.window) : nlohmann::json();
  }
};

class Qwen2 final : public LlamaFamily {
 public:
  std::string name() const override { return "qwen2"; }
  std::string hf_class() const override { return "Qwen2ForCausalLM"; }
  std::string gguf_name() const override { return "qwen2"; }

 protected:
  bool permutes_rotary() const override { return false; }

  void read_hf_variant(ConfigKeys& keys, TransformerConfig& config) const override {
    config.qkv_bias = true;
    keys.expect("use_mrope", false);
    const std::int64_t window = keys.integer("sliding_window", 0);
    const std::int64_t full_layers = keys.integer("max_window_layers", 0);
    if (keys.flag("use_sliding_window", false) && full_layers < config.depth) {
      if (full_layers != 0) {
        keys.fail("max_window_layers", "lets some layers slide and others not, which is not supported");
      }
      config.window = window;
    }
    const std::string only = config.window > 0 ? "sliding_attention" : "full_attention";
    for (const nlohmann::json& type : keys.any("layer_types")) {
      if (type != only) {
        keys.fail("layer_types", "mixes kinds of attention, which is not supported");
      }
    }
  }

  void write_hf_variant(const TransformerConfig& config, nlohmann::json& json) const override {
    json["use_sliding_window"] = config.window > 0;
    json["sliding_window"] = config.window > 0 ? nlohmann::json(config.window) : nlohmann::json();
    json["max_window_layers"] = config.window > 0 ? 0 : config.depth;
  }
};

}  // namespace

const Architecture& llama_architecture() {
  static const Llama architecture;
  return architecture;
}

const Architecture& mistral_architecture() {
  static const Mistral architecture;
  return architecture;
}

const Architecture& qwen2_architecture() {
  static const Qwen2 architecture;
  return architecture;
}

}  // namespace everform
