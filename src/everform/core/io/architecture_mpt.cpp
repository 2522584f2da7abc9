// MPT: ALiBi (or learned positions), no biases, one fused Wqkv with as many key-value heads as heads, or one.
#include <cmath>

#include "everform/core/io/architecture_families.h"
#include "everform/core/io/gguf_config_parts.h"
#include "everform/core/io/hf_config_parts.h"

namespace everform {

namespace {

/// transformers takes a whole number here and refuses 8.0.
nlohmann::json whole_where_possible(double value) {
  constexpr double kLargest = 1 << 20;
  const bool whole = std::trunc(value) == value && value < kLargest;
  return whole ? nlohmann::json(static_cast<std::int64_t>(value)) : nlohmann::json(value);
}

class Mpt final : public Architecture {
 public:
  std::string name() const override { return "mpt"; }
  std::string hf_class() const override { return "MptForCausalLM"; }
  std::string hf_base_prefix() const override { return "transformer."; }
  std::string gguf_name() const override { return "mpt"; }

  void read_hf(ConfigKeys& keys, TransformerConfig& config) const override {
    config.vocabulary = keys.integer("vocab_size");
    config.width = keys.integer("d_model");
    config.depth = keys.integer("n_layers");
    config.heads = keys.integer("n_heads");
    config.ff_width = keys.integer("expansion_ratio", 4) * config.width;
    config.context = keys.integer("max_seq_len");
    config.norm_epsilon = keys.number("layer_norm_epsilon", 1e-5);
    config.tied = keys.flag("tie_word_embeddings", true);
    set_fixed(config);
    const std::string norm = keys.text("norm_type", "low_precision_layernorm");
    if (norm != "low_precision_layernorm" && norm != "layernorm") {
      keys.fail("norm_type", "must be layernorm or low_precision_layernorm");
    }
    keys.expect("no_bias", true);
    keys.expect("logit_scale", nullptr);
    keys.expect("embedding_fraction", 1.0);
    const nlohmann::json attention = keys.object("attn_config");
    read_attention(attention, keys, config);
    keys.ignore({"init_config", "init_device", "verbose", "resid_pdrop", "emb_pdrop", "param_init_fn",
                 "init_std", "emb_init_std", "use_bias"});
  }

  nlohmann::json write_hf(const TransformerConfig& config) const override {
    const bool alibi = config.positions == PositionKind::kAlibi;
    return {{"vocab_size", config.vocabulary},
            {"d_model", config.width},
            {"n_layers", config.depth},
            {"n_heads", config.heads},
            {"expansion_ratio", config.ff_width / config.width},
            {"max_seq_len", config.context},
            {"layer_norm_epsilon", config.norm_epsilon},
            {"tie_word_embeddings", config.tied},
            {"norm_type", "low_precision_layernorm"},
            {"no_bias", true},
            {"learned_pos_emb", true},
            {"attn_config",
             {{"attn_type",
               config.kv_heads == 1 && config.heads > 1 ? "multiquery_attention" : "multihead_attention"},
              {"alibi", alibi},
              {"alibi_bias_max", whole_where_possible(config.alibi_max_bias)},
              {"softmax_scale",
               config.attention_scale > 0 ? nlohmann::json(config.attention_scale) : nlohmann::json()}}}};
  }

  TensorMap hf_tensors(const TransformerConfig& config) const override {
    TensorMapBuilder map(config);
    map.as_is("model.embed_tokens.weight", "transformer.wte.weight")
        .as_is("model.embed_positions.weight", "transformer.wpe.weight");
    const QkvRows rows = stacked_qkv_rows(config);
    for (std::int64_t i = 0; i < config.depth; ++i) {
      const std::string block = "transformer.blocks." + std::to_string(i) + ".";
      map.pair(layer_tensor(i, "input_layernorm"), block + "norm_1")
          .fused_qkv(i, block + "attn.Wqkv", rows)
          .pair(layer_tensor(i, "self_attn.o_proj"), block + "attn.out_proj")
          .pair(layer_tensor(i, "post_attention_layernorm"), block + "norm_2")
          .pair(layer_tensor(i, "mlp.up_proj"), block + "ffn.up_proj")
          .pair(layer_tensor(i, "mlp.down_proj"), block + "ffn.down_proj");
    }
    map.pair("model.norm", "transformer.norm_f").as_is("lm_head.weight", "lm_head.weight");
    return map.finish();
  }

  void read_gguf(ConfigKeys& keys, const TensorLookup& tensors, TransformerConfig& config) const override {
    read_gguf_fused(keys, tensors, config);
    set_fixed(config);
    keys.expect("attention.clamp_kqv", 0.0);
    config.alibi_max_bias = keys.number("attention.max_alibi_bias", 0.0);
    if (config.alibi_max_bias == 0.0) {
      config.positions = PositionKind::kLearned;
      config.alibi_max_bias = TransformerConfig().alibi_max_bias;
    }
  }

  void write_gguf(const TransformerConfig& config, GgufKeys& keys) const override {
    write_gguf_fused(config, "mpt.", keys);
    const bool alibi = config.positions == PositionKind::kAlibi;
    keys.f32("mpt.attention.max_alibi_bias", alibi ? config.alibi_max_bias : 0.0);
  }

  TensorMap gguf_tensors(const TransformerConfig& config) const override {
    return gguf_fused_tensors(config);
  }

 private:
  static void set_fixed(TransformerConfig& config) {
    config.kv_heads = config.kv_heads == 0 ? config.heads : config.kv_heads;
    config.head_width = config.heads > 0 ? config.width / config.heads : 0;
    config.norm = NormKind::kLayerNorm;
    config.positions = PositionKind::kAlibi;
    config.gated_mlp = false;
    config.activation = Activation::kGelu;
  }

  static void read_attention(const nlohmann::json& attention, ConfigKeys& outer, TransformerConfig& config) {
    ConfigKeys keys(attention, outer.where() + ", attn_config");
    const std::string type = keys.text("attn_type", "multihead_attention");
    if (type != "multihead_attention" && type != "multiquery_attention") {
      keys.fail("attn_type", "must be multihead_attention or multiquery_attention");
    }
    config.kv_heads = type == "multiquery_attention" ? 1 : config.heads;
    config.attention_scale = keys.number("softmax_scale", 0.0);
    config.alibi_max_bias = keys.number("alibi_bias_max", config.alibi_max_bias);
    const bool learned = outer.flag("learned_pos_emb", true);
    if (!keys.flag("alibi", true)) {
      config.positions = learned ? PositionKind::kLearned : PositionKind::kNone;
    }
    keys.expect("clip_qkv", nullptr);
    keys.expect("qk_ln", false);
    keys.expect("prefix_lm", false);
    // transformers saves this part as a configuration of its own, with all its bookkeeping.
    ignore_hf_bookkeeping(keys);
    keys.expect("is_encoder_decoder", false);
    keys.expect("add_cross_attention", false);
    keys.ignore({"attn_pdrop", "attn_impl", "attn_uses_sequence_id", "tie_word_embeddings", "bos_token_id",
                 "eos_token_id"});
    keys.refuse_others();
  }
};

}  // namespace

const Architecture& mpt_architecture() {
  static const Mpt architecture;
  return architecture;
}

}  // namespace everform
