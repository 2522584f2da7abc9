// GPT-NeoX (Pythia): partial rotary embedding, parallel residual, query, key and value rows interleaved head
// by head.
#include "everform/core/io/architecture_families.h"
#include "everform/core/io/gguf_config_parts.h"
#include "everform/core/io/hf_config_parts.h"

namespace everform {

namespace {

class GptNeox final : public Architecture {
 public:
  std::string name() const override { return "gpt_neox"; }
  std::string hf_class() const override { return "GPTNeoXForCausalLM"; }
  std::string hf_base_prefix() const override { return "gpt_neox."; }
  std::string gguf_name() const override { return "gptneox"; }

  void read_hf(ConfigKeys& keys, TransformerConfig& config) const override {
    config.vocabulary = keys.integer("vocab_size");
    config.width = keys.integer("hidden_size");
    config.depth = keys.integer("num_hidden_layers");
    config.heads = keys.integer("num_attention_heads");
    config.ff_width = keys.integer("intermediate_size");
    config.context = keys.integer("max_position_embeddings");
    config.norm_epsilon = keys.number("layer_norm_eps", 1e-5);
    config.activation = read_hf_activation(keys, "hidden_act", "gelu");
    config.tied = keys.flag("tie_word_embeddings", false);
    config.residual = keys.flag("use_parallel_residual", true) ? Residual::kParallel : Residual::kSequential;
    config.qkv_bias = config.attention_output_bias = keys.flag("attention_bias", true);
    set_fixed(config);
    constexpr double kDefaultShare = 0.25;
    const double share = keys.number("rotary_pct", keys.number("partial_rotary_factor", kDefaultShare));
    config.rotary =
        read_hf_rotary(keys, keys.first_of({"rotary_emb_base", "rope_theta"}), share, config.head_width);
    keys.ignore({"rotary_emb_base", "rope_theta"});
  }

  nlohmann::json write_hf(const TransformerConfig& config) const override {
    const std::int64_t turned = config.rotary.dimensions == 0 ? config.head_width : config.rotary.dimensions;
    nlohmann::json json = {
        {"vocab_size", config.vocabulary},
        {"hidden_size", config.width},
        {"num_hidden_layers", config.depth},
        {"num_attention_heads", config.heads},
        {"intermediate_size", config.ff_width},
        {"max_position_embeddings", config.context},
        {"layer_norm_eps", config.norm_epsilon},
        {"hidden_act", hf_activation(config.activation)},
        {"tie_word_embeddings", config.tied},
        {"use_parallel_residual", config.residual == Residual::kParallel},
        {"attention_bias", config.qkv_bias},
        {"rotary_pct", static_cast<double>(turned) / static_cast<double>(config.head_width)}};
    write_hf_rotary(config.rotary, json);
    json["rotary_emb_base"] = json["rope_theta"];
    json.erase("rope_theta");
    return json;
  }

  TensorMap hf_tensors(const TransformerConfig& config) const override {
    TensorMapBuilder map(config);
    map.as_is("model.embed_tokens.weight", "gpt_neox.embed_in.weight");
    const QkvRows rows = grouped_qkv_rows(config);
    for (std::int64_t i = 0; i < config.depth; ++i) {
      const std::string block = "gpt_neox.layers." + std::to_string(i) + ".";
      map.pair(layer_tensor(i, "input_layernorm"), block + "input_layernorm")
          .fused_qkv(i, block + "attention.query_key_value", rows)
          .pair(layer_tensor(i, "self_attn.o_proj"), block + "attention.dense")
          .pair(layer_tensor(i, "post_attention_layernorm"), block + "post_attention_layernorm")
          .pair(layer_tensor(i, "mlp.up_proj"), block + "mlp.dense_h_to_4h")
          .pair(layer_tensor(i, "mlp.down_proj"), block + "mlp.dense_4h_to_h");
    }
    map.pair("model.norm", "gpt_neox.final_layer_norm").as_is("lm_head.weight", "embed_out.weight");
    return map.finish();
  }

  bool hf_ignores(const std::string& stored_name) const override {
    return stored_name.ends_with(".attention.bias") || stored_name.ends_with(".attention.masked_bias") ||
           Architecture::hf_ignores(stored_name);
  }

  void read_gguf(ConfigKeys& keys, const TensorLookup& tensors, TransformerConfig& config) const override {
    read_gguf_fused(keys, tensors, config);
    set_fixed(config);
    config.residual = keys.flag("use_parallel_residual", true) ? Residual::kParallel : Residual::kSequential;
    config.rotary = read_gguf_rotary(keys, tensors, config);
  }

  void write_gguf(const TransformerConfig& config, GgufKeys& keys) const override {
    write_gguf_fused(config, "gptneox.", keys);
    write_gguf_rotary(config, "gptneox.", keys);
    keys.boolean("gptneox.use_parallel_residual", config.residual == Residual::kParallel);
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
    config.gated_mlp = false;
    config.mlp_bias = true;
  }
};

}  // namespace

const Architecture& gpt_neox_architecture() {
  static const GptNeox architecture;
  return architecture;
}

}  // namespace everform
