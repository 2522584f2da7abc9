// OPT: learned positions of which the first two rows are unused, ReLU.
#include "everform/core/io/architecture_families.h"
#include "everform/core/io/hf_config_parts.h"

namespace everform {

namespace {

constexpr std::int64_t kPositionOffset = 2;

class Opt final : public Architecture {
 public:
  std::string name() const override { return "opt"; }
  std::string hf_class() const override { return "OPTForCausalLM"; }
  std::string hf_base_prefix() const override { return "model."; }

  void read_hf(ConfigKeys& keys, TransformerConfig& config) const override {
    config.vocabulary = keys.integer("vocab_size");
    config.width = keys.integer("hidden_size");
    config.depth = keys.integer("num_hidden_layers");
    config.heads = keys.integer("num_attention_heads");
    config.kv_heads = config.heads;
    config.head_width = config.heads > 0 ? config.width / config.heads : 0;
    config.ff_width = keys.integer("ffn_dim");
    config.context = keys.integer("max_position_embeddings");
    config.norm = NormKind::kLayerNorm;
    config.norm_epsilon = 1e-5;
    config.norm_bias = true;
    const bool before = keys.flag("do_layer_norm_before", true);
    config.norm_placement = before ? NormPlacement::kPre : NormPlacement::kPost;
    const bool removed = keys.flag("_remove_final_layer_norm", false);
    config.final_norm = before && !removed;
    config.positions = PositionKind::kLearned;
    config.position_offset = kPositionOffset;
    config.activation = read_hf_activation(keys, "activation_function", "relu");
    config.gated_mlp = false;
    config.qkv_bias = config.attention_output_bias = config.mlp_bias = keys.flag("enable_bias", true);
    config.tied = keys.flag("tie_word_embeddings", true);
    keys.expect("word_embed_proj_dim", config.width);
    keys.expect("layer_norm_elementwise_affine", true);
    keys.ignore({"init_std"});
  }

  nlohmann::json write_hf(const TransformerConfig& config) const override {
    const bool before = config.norm_placement == NormPlacement::kPre;
    return {{"vocab_size", config.vocabulary},
            {"hidden_size", config.width},
            {"word_embed_proj_dim", config.width},
            {"num_hidden_layers", config.depth},
            {"num_attention_heads", config.heads},
            {"ffn_dim", config.ff_width},
            {"max_position_embeddings", config.context},
            {"do_layer_norm_before", before},
            {"_remove_final_layer_norm", before && !config.final_norm},
            {"activation_function", hf_activation(config.activation)},
            {"enable_bias", config.qkv_bias},
            {"tie_word_embeddings", config.tied}};
  }

  TensorMap hf_tensors(const TransformerConfig& config) const override {
    TensorMapBuilder map(config);
    map.as_is("model.embed_tokens.weight", "model.decoder.embed_tokens.weight")
        .as_is("model.embed_positions.weight", "model.decoder.embed_positions.weight");
    for (std::int64_t i = 0; i < config.depth; ++i) {
      const std::string block = "model.decoder.layers." + std::to_string(i) + ".";
      map.pair(layer_tensor(i, "input_layernorm"), block + "self_attn_layer_norm")
          .pair(layer_tensor(i, "self_attn.q_proj"), block + "self_attn.q_proj")
          .pair(layer_tensor(i, "self_attn.k_proj"), block + "self_attn.k_proj")
          .pair(layer_tensor(i, "self_attn.v_proj"), block + "self_attn.v_proj")
          .pair(layer_tensor(i, "self_attn.o_proj"), block + "self_attn.out_proj")
          .pair(layer_tensor(i, "post_attention_layernorm"), block + "final_layer_norm")
          .pair(layer_tensor(i, "mlp.up_proj"), block + "fc1")
          .pair(layer_tensor(i, "mlp.down_proj"), block + "fc2");
    }
    map.pair("model.norm", "model.decoder.final_layer_norm").as_is("lm_head.weight", "lm_head.weight");
    return map.finish();
  }
};

}  // namespace

const Architecture& opt_architecture() {
  static const Opt architecture;
  return architecture;
}

}  // namespace everform
