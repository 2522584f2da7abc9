#include "everform/workbench/models/bert.h"

#include <array>
#include <nlohmann/json.hpp>

#include "everform/core/io/config_keys.h"
#include "everform/core/io/hf_config_parts.h"
#include "everform/core/io/json_text.h"
#include "everform/workbench/models/name_map.h"
#include "everform/workbench/models/weights_io.h"

namespace everform {

namespace {

constexpr std::array<NameRule, 13> kNames = {{
    {"model.embed_tokens.", "embeddings.word_embeddings."},
    {"model.embed_positions.", "embeddings.position_embeddings."},
    {"model.embed_token_types.", "embeddings.token_type_embeddings."},
    {"model.embed_norm.", "embeddings.LayerNorm."},
    {"model.layers.", "encoder.layer."},
    {"self_attn.q_proj.", "attention.self.query."},
    {"self_attn.k_proj.", "attention.self.key."},
    {"self_attn.v_proj.", "attention.self.value."},
    {"self_attn.o_proj.", "attention.output.dense."},
    {"input_layernorm.", "attention.output.LayerNorm."},
    {"post_attention_layernorm.", "output.LayerNorm."},
    {"mlp.up_proj.", "intermediate.dense."},
    {"mlp.down_proj.", "output.dense."},
}};

}  // namespace

std::shared_ptr<Transformer> make_bert(const nlohmann::json& json, const std::string& where) {
  ConfigKeys keys(json, where);
  keys.expect("model_type", "bert");
  ignore_hf_bookkeeping(keys);
  keys.ignore({"attention_probs_dropout_prob", "hidden_dropout_prob", "classifier_dropout",
               "tie_word_embeddings", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers",
               "pooler_size_per_head", "pooler_type", "directionality", "bos_token_id", "eos_token_id",
               "chunk_size_feed_forward"});
  keys.expect("position_embedding_type", "absolute");
  keys.expect("is_decoder", false);
  keys.expect("add_cross_attention", false);
  TransformerConfig config;
  config.architecture = "bert";
  config.vocabulary = keys.integer("vocab_size");
  config.width = keys.integer("hidden_size");
  config.depth = keys.integer("num_hidden_layers");
  config.heads = keys.integer("num_attention_heads");
  config.ff_width = keys.integer("intermediate_size");
  config.context = keys.integer("max_position_embeddings");
  config.norm = NormKind::kLayerNorm;
  config.norm_bias = true;
  config.norm_epsilon = keys.number("layer_norm_eps", 1e-12);
  config.norm_placement = NormPlacement::kPost;
  config.embedding_norm = true;
  config.final_norm = false;
  config.positions = PositionKind::kLearned;
  config.activation = read_hf_activation(keys, "hidden_act", "gelu");
  config.gated_mlp = false;
  config.qkv_bias = true;
  config.attention_output_bias = true;
  config.mlp_bias = true;
  config.causal = false;
  const std::int64_t token_types = keys.integer("type_vocab_size", 2);
  keys.refuse_others();
  return std::make_shared<Transformer>(config, TransformerOptions{.head = false, .token_types = token_types});
}

std::string bert_parameter_name(const std::string& parameter) {
  return map_name(kNames, parameter);
}

std::shared_ptr<Transformer> load_bert(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json";
  auto transformer = make_bert(read_json_file(file), "reading " + file.string());
  const auto store = open_tensor_store(folder);
  // Models saved with a head on top keep the encoder under "bert.".
  const std::string prefix = store->find("bert.embeddings.word_embeddings.weight") != nullptr ? "bert." : "";
  load_parameters(*transformer, *store,
                  [&](const std::string& name) { return prefix + bert_parameter_name(name); });
  transformer->eval();
  return transformer;
}

}  // namespace everform
