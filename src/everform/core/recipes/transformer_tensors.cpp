#include "everform/core/recipes/transformer_tensors.h"

namespace everform {

namespace {

class TensorList {
 public:
  explicit TensorList(const TransformerConfig& config) : config_(config) {}

  void table(const std::string& name, std::int64_t rows) { add(name, {rows, config_.width}); }

  void norm(const std::string& name) {
    add(name + ".weight", {config_.width});
    if (config_.norm_bias) {
      add(name + ".bias", {config_.width});
    }
  }

  void linear(const std::string& name, std::int64_t out, std::int64_t in, bool bias) {
    add(name + ".weight", {out, in});
    if (bias) {
      add(name + ".bias", {out});
    }
  }

  void layer(std::int64_t index) {
    const std::int64_t queries = config_.heads * config_.head_width;
    const std::int64_t keys = config_.kv_heads * config_.head_width;
    norm(layer_tensor(index, "input_layernorm"));
    linear(layer_tensor(index, "self_attn.q_proj"), queries, config_.width, config_.qkv_bias);
    linear(layer_tensor(index, "self_attn.k_proj"), keys, config_.width, config_.qkv_bias);
    linear(layer_tensor(index, "self_attn.v_proj"), keys, config_.width, config_.qkv_bias);
    linear(layer_tensor(index, "self_attn.o_proj"), config_.width, queries, config_.attention_output_bias);
    if (config_.residual != Residual::kParallelShared) {
      norm(layer_tensor(index, "post_attention_layernorm"));
    }
    if (config_.gated_mlp) {
      linear(layer_tensor(index, "mlp.gate_proj"), config_.ff_width, config_.width, config_.mlp_bias);
    }
    linear(layer_tensor(index, "mlp.up_proj"), config_.ff_width, config_.width, config_.mlp_bias);
    linear(layer_tensor(index, "mlp.down_proj"), config_.width, config_.ff_width, config_.mlp_bias);
  }

  std::vector<NamedShape> take() { return std::move(tensors_); }

 private:
  void add(std::string name, std::vector<std::int64_t> shape) {
    tensors_.push_back({std::move(name), std::move(shape)});
  }

  const TransformerConfig& config_;
  std::vector<NamedShape> tensors_;
};

}  // namespace

std::int64_t NamedShape::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) {
    product *= extent;
  }
  return product;
}

std::string layer_tensor(std::int64_t layer, const std::string& part) {
  return "model.layers." + std::to_string(layer) + "." + part;
}

std::vector<NamedShape> transformer_tensors(const TransformerConfig& config) {
  TensorList list(config);
  list.table("model.embed_tokens.weight", config.vocabulary);
  if (config.positions == PositionKind::kLearned) {
    list.table("model.embed_positions.weight", config.context + config.position_offset);
  }
  if (config.embedding_norm) {
    list.norm("model.embed_norm");
  }
  for (std::int64_t i = 0; i < config.depth; ++i) {
    list.layer(i);
  }
  if (config.final_norm) {
    list.norm("model.norm");
  }
  if (!config.tied) {
    list.table("lm_head.weight", config.vocabulary);
  }
  std::vector<NamedShape> tensors = list.take();
  if (config.head_bias) {
    tensors.push_back({"lm_head.bias", {config.vocabulary}});
  }
  return tensors;
}

}  // namespace everform
