// BLOOM: ALiBi, a norm right after the embedding, query, key and value rows interleaved head by head.
#include "everform/core/io/architecture_families.h"
#include "everform/core/io/gguf_config_parts.h"
#include "everform/core/io/hf_config_parts.h"

namespace everform {

namespace {

class Bloom final : public Architecture {
 public:
  std::string name() const override { return "bloom"; }
  std::string hf_class() const override { return "BloomForCausalLM"; }
  std::string hf_base_prefix() const override { return "transformer."; }
  std::string gguf_name() const override { return "bloom"; }

  void read_hf(ConfigKeys& keys, TransformerConfig& config) const override {
    constexpr std::int64_t kTrainedContext = 2048;
    config.vocabulary = keys.integer("vocab_size");
    config.width = keys.integer(keys.first_of({"hidden_size", "n_embed"}));
    config.depth = keys.integer(keys.first_of({"n_layer", "num_hidden_layers"}));
    config.heads = keys.integer(keys.first_of({"n_head", "num_attention_heads"}));
    config.context = keys.integer("seq_length", kTrainedContext);
    config.norm_epsilon = keys.number("layer_norm_epsilon", 1e-5);
    config.tied = keys.flag("tie_word_embeddings", true);
    set_fixed(config);
    config.ff_width = 4 * config.width;
    keys.expect("n_inner", config.ff_width);
    keys.expect("apply_residual_connection_post_layernorm", false);
    keys.ignore({"slow_but_exact", "bias_dropout_fusion", "masked_softmax_fusion", "skip_bias_add",
                 "skip_bias_add_qkv", "attention_softmax_in_fp32", "unk_token_id", "offset_alibi",
                 "hidden_size", "n_embed", "n_layer", "num_hidden_layers", "n_head", "num_attention_heads"});
  }

  nlohmann::json write_hf(const TransformerConfig& config) const override {
    return {{"vocab_size", config.vocabulary},   {"hidden_size", config.width},
            {"n_layer", config.depth},           {"n_head", config.heads},
            {"seq_length", config.context},      {"layer_norm_epsilon", config.norm_epsilon},
            {"tie_word_embeddings", config.tied}};
  }

  TensorMap hf_tensors(const TransformerConfig& config) const override {
    TensorMapBuilder map(config);
    map.as_is("model.embed_tokens.weight", "transformer.word_embeddings.weight")
        .pair("model.embed_norm", "transformer.word_embeddings_layernorm");
    const QkvRows rows = grouped_qkv_rows(config);
    for (std::int64_t i = 0; i < config.depth; ++i) {
      const std::string block = "transformer.h." + std::to_string(i) + ".";
      map.pair(layer_tensor(i, "input_layernorm"), block + "input_layernorm")
          .fused_qkv(i, block + "self_attention.query_key_value", rows)
          .pair(layer_tensor(i, "self_attn.o_proj"), block + "self_attention.dense")
          .pair(layer_tensor(i, "post_attention_layernorm"), block + "post_attention_layernorm")
          .pair(layer_tensor(i, "mlp.up_proj"), block + "mlp.dense_h_to_4h")
          .pair(layer_tensor(i, "mlp.down_proj"), block + "mlp.dense_4h_to_h");
    }
    map.pair("model.norm", "transformer.ln_f").as_is("lm_head.weight", "lm_head.weight");
    return map.finish();
  }

  void read_gguf(ConfigKeys& keys, const TensorLookup& tensors, TransformerConfig& config) const override {
    read_gguf_fused(keys, tensors, config);
    set_fixed(config);
  }

  void write_gguf(const TransformerConfig& config, GgufKeys& keys) const override {
    write_gguf_fused(config, "bloom.", keys);
  }

  TensorMap gguf_tensors(const TransformerConfig& config) const override {
    return gguf_fused_tensors(config);
  }

 private:
  static void set_fixed(TransformerConfig& config) {
    config.kv_heads = config.heads;
    config.head_width = config.heads > 0 ? config.width / config.heads : 0;
    config.norm = NormKind::kLayerNorm;
    config.norm_bias = true;
    config.embedding_norm = true;
    config.positions = PositionKind::kAlibi;
    config.activation = Activation::kGeluTanh;
    config.gated_mlp = false;
    config.qkv_bias = config.attention_output_bias = config.mlp_bias = true;
  }
};

}  // namespace

const Architecture& bloom_architecture() {
  static const Bloom architecture;
  return architecture;
}

}  // namespace everform
