#include "everform/core/decoding/plain_weights.h"

#include <cstdint>

#include "everform/core/base/error.h"

namespace everform {
namespace {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  }
  return text + "]";
}

class Loader {
 public:
  Loader(const TransformerConfig& config, const TensorSource& source) : config_(config), source_(source) {}

  PlainWeights load() const {
    PlainWeights weights;
    weights.embedding = matrix("model.embed_tokens.weight", config_.vocabulary, config_.width);
    if (config_.positions == PositionKind::kLearned) {
      const std::int64_t rows = config_.context + config_.position_offset;
      weights.positions = read_float32(checked("model.embed_positions.weight", {rows, config_.width}));
    }
    if (config_.embedding_norm) {
      weights.embedding_norm = norm("model.embed_norm");
    }
    for (std::int64_t i = 0; i < config_.depth; ++i) {
      weights.blocks.push_back(block("model.layers." + std::to_string(i) + "."));
    }
    if (config_.final_norm) {
      weights.final_norm = norm("model.norm");
    }
    if (!config_.tied) {
      weights.untied_head = matrix("lm_head.weight", config_.vocabulary, config_.width);
    }
    if (config_.head_bias) {
      weights.head_bias = vector("lm_head.bias", config_.vocabulary);
    }
    return weights;
  }

 private:
  TensorView checked(const std::string& name, const std::vector<std::int64_t>& shape) const {
    TensorView tensor = source_(name);
    if (tensor.shape != shape) {
      throw Error(
          ErrorKind::kBadInput, "loading the tensor " + name,
          "its shape is " + shape_text(tensor.shape) + ", the configuration needs " + shape_text(shape));
    }
    return tensor;
  }
  PanelMatrix matrix(const std::string& name, std::int64_t outputs, std::int64_t inputs) const {
    return PanelMatrix(checked(name, {outputs, inputs}));
  }
  std::vector<float> vector(const std::string& name, std::int64_t length) const {
    return read_float32(checked(name, {length}));
  }
  NormWeights norm(const std::string& name) const {
    return {.gain = vector(name + ".weight", config_.width),
            .bias = config_.norm_bias ? vector(name + ".bias", config_.width) : std::vector<float>{}};
  }
  LinearWeights linear(const std::string& name, std::int64_t outputs, std::int64_t inputs, bool bias) const {
    return {.matrix = matrix(name + ".weight", outputs, inputs),
            .bias = bias ? vector(name + ".bias", outputs) : std::vector<float>{}};
  }

  BlockWeights block(const std::string& prefix) const {
    const std::int64_t width = config_.width;
    const std::int64_t query_width = config_.heads * config_.head_width;
    const std::int64_t key_width = config_.kv_heads * config_.head_width;
    BlockWeights block;
    block.attention_norm = norm(prefix + "input_layernorm");
    if (config_.residual != Residual::kParallelShared) {
      block.mlp_norm = norm(prefix + "post_attention_layernorm");
    }
    block.query = linear(prefix + "self_attn.q_proj", query_width, width, config_.qkv_bias);
    block.key = linear(prefix + "self_attn.k_proj", key_width, width, config_.qkv_bias);
    block.value = linear(prefix + "self_attn.v_proj", key_width, width, config_.qkv_bias);
    block.output = linear(prefix + "self_attn.o_proj", width, query_width, config_.attention_output_bias);
    if (config_.gated_mlp) {
      block.gate = linear(prefix + "mlp.gate_proj", config_.ff_width, width, config_.mlp_bias);
    }
    block.up = linear(prefix + "mlp.up_proj", config_.ff_width, width, config_.mlp_bias);
    block.down = linear(prefix + "mlp.down_proj", width, config_.ff_width, config_.mlp_bias);
    return block;
  }

  const TransformerConfig& config_;
  const TensorSource& source_;
};

}  // namespace

PlainWeights load_plain_weights(const TransformerConfig& config, const TensorSource& source) {
  return Loader(config, source).load();
}

}  // namespace everform
