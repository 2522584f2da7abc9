// GPT-2: learned positions, one fused Conv1D for query, key and value, whose weights are stored as [in, out].
#include "everform/core/io/architecture_families.h"
#include "everform/core/io/gguf_config_parts.h"
#include "everform/core/io/hf_config_parts.h"

namespace everform {

namespace {

class Gpt2 final : public Architecture {
 public:
  std::string name() const override { return "gpt2"; }
  std::string hf_class() const override { return "GPT2LMHeadModel"; }
  std::string hf_base_prefix() const override { return "transformer."; }
  std::string gguf_name() const override { return "gpt2"; }

  void read_hf(ConfigKeys& keys, TransformerConfig& config) const override {
    config.vocabulary = keys.integer("vocab_size");
    config.width = keys.integer("n_embd");
    config.depth = keys.integer("n_layer");
    config.heads = keys.integer("n_head");
    config.ff_width = keys.integer("n_inner", 4 * config.width);
    config.context = keys.integer("n_positions");
    config.norm_epsilon = keys.number("layer_norm_epsilon", 1e-5);
    config.activation = read_hf_activation(keys, "activation_function", "gelu_new");
    config.tied = keys.flag("tie_word_embeddings", true);
    set_fixed(config);
    keys.expect("scale_attn_weights", true);
    keys.expect("scale_attn_by_inverse_layer_idx", false);
    keys.ignore({"n_ctx", "reorder_and_upcast_attn", "summary_type", "summary_use_proj", "summary_activation",
                 "summary_first_dropout", "summary_proj_to_labels"});
  }

  nlohmann::json write_hf(const TransformerConfig& config) const override {
    return {{"vocab_size", config.vocabulary},
            {"n_embd", config.width},
            {"n_layer", config.depth},
            {"n_head", config.heads},
            {"n_inner", config.ff_width},
            {"n_positions", config.context},
            {"n_ctx", config.context},
            {"layer_norm_epsilon", config.norm_epsilon},
            {"activation_function", hf_activation(config.activation)},
            {"tie_word_embeddings", config.tied}};
  }

  TensorMap hf_tensors(const TransformerConfig& config) const override {
    TensorMapBuilder map(config);
    map.as_is("model.embed_tokens.weight", "transformer.wte.weight")
        .as_is("model.embed_positions.weight", "transformer.wpe.weight");
    const QkvRows rows = stacked_qkv_rows(config);
    for (std::int64_t i = 0; i < config.depth; ++i) {
      const std::string block = "transformer.h." + std::to_string(i) + ".";
      map.pair(layer_tensor(i, "input_layernorm"), block + "ln_1")
          .fused_qkv(i, block + "attn.c_attn", rows, true)
          .transposed_pair(layer_tensor(i, "self_attn.o_proj"), block + "attn.c_proj")
          .pair(layer_tensor(i, "post_attention_layernorm"), block + "ln_2")
          .transposed_pair(layer_tensor(i, "mlp.up_proj"), block + "mlp.c_fc")
          .transposed_pair(layer_tensor(i, "mlp.down_proj"), block + "mlp.c_proj");
    }
    map.pair("model.norm", "transformer.ln_f").as_is("lm_head.weight", "lm_head.weight");
    return map.finish();
  }

  bool hf_ignores(const std::string& stored_name) const override {
    return stored_name.ends_with(".attn.bias") || stored_name.ends_with(".attn.masked_bias");
  }

  void read_gguf(ConfigKeys& keys, const TensorLookup& tensors, TransformerConfig& config) const override {
    read_gguf_fused(keys, tensors, config);
    set_fixed(config);
    config.activation = Activation::kGeluTanh;
  }

  void write_gguf(const TransformerConfig& config, GgufKeys& keys) const override {
    write_gguf_fused(config, "gpt2.", keys);
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
    config.positions = PositionKind::kLearned;
    config.gated_mlp = false;
    config.qkv_bias = config.attention_output_bias = config.mlp_bias = true;
  }
};

}  // namespace

const Architecture& gpt2_architecture() {
  static const Gpt2 architecture;
  return architecture;
}

}  // namespace everform
