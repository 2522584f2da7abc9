// Falcon: rotary positions, one key-value head (7B) or a few (40B, "new decoder architecture"), attention and
// MLP side by side.
#include "everform/core/io/architecture_families.h"
#include "everform/core/io/gguf_config_parts.h"
#include "everform/core/io/hf_config_parts.h"

namespace everform {

namespace {

class Falcon final : public Architecture {
 public:
  std::string name() const override { return "falcon"; }
  std::string hf_class() const override { return "FalconForCausalLM"; }
  std::string hf_base_prefix() const override { return "transformer."; }
  std::string gguf_name() const override { return "falcon"; }

  void read_hf(ConfigKeys& keys, TransformerConfig& config) const override {
    constexpr std::int64_t kTrainedContext = 2048;
    config.vocabulary = keys.integer("vocab_size");
    config.width = keys.integer(keys.first_of({"hidden_size", "n_embed"}));
    config.depth = keys.integer(keys.first_of({"num_hidden_layers", "n_layer"}));
    config.heads = keys.integer(keys.first_of({"num_attention_heads", "n_head"}));
    config.ff_width = keys.integer("ffn_hidden_size", 4 * config.width);
    config.context = keys.integer("max_position_embeddings", kTrainedContext);
    config.norm_epsilon = keys.number("layer_norm_epsilon", 1e-5);
    config.activation = read_hf_activation(keys, "activation", "gelu");
    config.tied = keys.flag("tie_word_embeddings", true);
    config.qkv_bias = config.attention_output_bias = config.mlp_bias = keys.flag("bias", false);
    set_fixed(config);
    read_attention(keys, config);
    config.rotary = read_hf_rotary(keys, "rope_theta", 1.0, config.head_width);
    // Falcon scales ALiBi together with the scores, which no other family does.
    keys.expect("alibi", false);
    keys.expect("apply_residual_connection_post_layernorm", false);
    keys.ignore({"n_embed", "n_layer", "n_head", "hidden_size", "num_hidden_layers", "num_attention_heads",
                 "rotary", "unk_token_id"});
  }

  nlohmann::json write_hf(const TransformerConfig& config) const override {
    const bool grouped = config.residual == Residual::kParallel;
    nlohmann::json json = {{"vocab_size", config.vocabulary},
                           {"hidden_size", config.width},
                           {"num_hidden_layers", config.depth},
                           {"num_attention_heads", config.heads},
                           {"num_kv_heads", config.kv_heads},
                           {"ffn_hidden_size", config.ff_width},
                           {"max_position_embeddings", config.context},
                           {"layer_norm_epsilon", config.norm_epsilon},
                           {"activation", hf_activation(config.activation)},
                           {"tie_word_embeddings", config.tied},
                           {"bias", config.qkv_bias},
                           {"alibi", false},
                           {"new_decoder_architecture", grouped},
                           {"multi_query", config.kv_heads == 1},
                           {"parallel_attn", config.residual != Residual::kSequential}};
    write_hf_rotary(config.rotary, json);
    return json;
  }

  TensorMap hf_tensors(const TransformerConfig& config) const override {
    const bool grouped = config.residual == Residual::kParallel;
    TensorMapBuilder map(config);
    map.as_is("model.embed_tokens.weight", "transformer.word_embeddings.weight");
    const QkvRows rows = grouped_qkv_rows(config);
    for (std::int64_t i = 0; i < config.depth; ++i) {
      const std::string block = "transformer.h." + std::to_string(i) + ".";
      map.pair(layer_tensor(i, "input_layernorm"), block + (grouped ? "ln_attn" : "input_layernorm"))
          .fused_qkv(i, block + "self_attention.query_key_value", rows)
          .pair(layer_tensor(i, "self_attn.o_proj"), block + "self_attention.dense")
          .pair(layer_tensor(i, "post_attention_layernorm"),
                block + (grouped ? "ln_mlp" : "post_attention_layernorm"))
          .pair(layer_tensor(i, "mlp.up_proj"), block + "mlp.dense_h_to_4h")
          .pair(layer_tensor(i, "mlp.down_proj"), block + "mlp.dense_4h_to_h");
    }
    map.pair("model.norm", "transformer.ln_f").as_is("lm_head.weight", "lm_head.weight");
    return map.finish();
  }

  void read_gguf(ConfigKeys& keys, const TensorLookup& tensors, TransformerConfig& config) const override {
    read_gguf_fused(keys, tensors, config);
    set_fixed(config);
    config.residual =
        tensors("blk.0.attn_norm_2.weight") != nullptr ? Residual::kParallel : Residual::kParallelShared;
    config.rotary = read_gguf_rotary(keys, tensors, config);
  }

  void write_gguf(const TransformerConfig& config, GgufKeys& keys) const override {
    write_gguf_fused(config, "falcon.", keys);
    write_gguf_rotary(config, "falcon.", keys);
  }

  TensorMap gguf_tensors(const TransformerConfig& config) const override {
    // With two norms, llama.cpp's second one is attention's.
    return config.residual == Residual::kParallel ? gguf_fused_tensors(config, "attn_norm_2", "attn_norm")
                                                  : gguf_fused_tensors(config);
  }

 private:
  static void set_fixed(TransformerConfig& config) {
    config.head_width = config.heads > 0 ? config.width / config.heads : 0;
    config.norm = NormKind::kLayerNorm;
    config.norm_bias = true;
    config.gated_mlp = false;
  }

  static void read_attention(ConfigKeys& keys, TransformerConfig& config) {
    const std::int64_t kv_heads = keys.integer(keys.first_of({"num_kv_heads", "n_head_kv"}), config.heads);
    keys.ignore({"num_kv_heads", "n_head_kv"});
    const bool multi_query = keys.flag("multi_query", true);
    const bool parallel = keys.flag("parallel_attn", true);
    if (keys.flag("new_decoder_architecture", false)) {
      config.kv_heads = kv_heads;
      config.residual = Residual::kParallel;
      keys.expect("num_ln_in_parallel_attn", 2);
      return;
    }
    keys.ignore({"num_ln_in_parallel_attn"});
    config.kv_heads = multi_query ? 1 : config.heads;
    config.residual = parallel ? Residual::kParallelShared : Residual::kSequential;
  }
};

}  // namespace

const Architecture& falcon_architecture() {
  static const Falcon architecture;
  return architecture;
}

}  // namespace everform
