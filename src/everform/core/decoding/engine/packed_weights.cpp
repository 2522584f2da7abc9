#include "everform/core/decoding/engine/packed_weights.h"

#include <cstdint>

#include "everform/core/base/error.h"
#include "everform/core/io/tensor_size.h"

namespace everform {
namespace {

class Loader {
 public:
  Loader(const TransformerConfig& config, const TensorSource& source,
         const std::function<void(const std::string&)>& release)
      : config_(config), source_(source), release_(release) {}

  PackedWeights load() const {
    PackedWeights weights;
    weights.embedding.matrix =
        matrix("model.embed_tokens.weight", config_.vocabulary, config_.width, weights.embedding.quantized);
    if (config_.positions == PositionKind::kLearned) {
      weights.positions =
          floats("model.embed_positions.weight", {config_.context + config_.position_offset, config_.width});
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
      weights.untied_head.matrix =
          matrix("lm_head.weight", config_.vocabulary, config_.width, weights.untied_head.quantized);
    }
    if (config_.head_bias) {
      weights.head_bias = floats("lm_head.bias", {config_.vocabulary});
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
  void done(const std::string& name) const {
    if (release_) {
      release_(name);
    }
  }
  std::unique_ptr<PackedMatrix> matrix(const std::string& name, std::int64_t outputs, std::int64_t inputs,
                                       bool& quantized) const {
    const TensorView tensor = checked(name, {outputs, inputs});
    auto packed = pack_matrix(tensor);
    quantized = is_quantized(tensor.type);
    done(name);
    return packed;
  }
  std::vector<float> floats(const std::string& name, const std::vector<std::int64_t>& shape) const {
    std::vector<float> values = read_float32(checked(name, shape));
    done(name);
    return values;
  }
  NormWeights norm(const std::string& name) const {
    return {.gain = floats(name + ".weight", {config_.width}),
            .bias = config_.norm_bias ? floats(name + ".bias", {config_.width}) : std::vector<float>{}};
  }
  PackedLinear linear(const std::string& name, std::int64_t outputs, std::int64_t inputs, bool bias) const {
    PackedLinear linear;
    linear.matrix = matrix(name + ".weight", outputs, inputs, linear.quantized);
    if (bias) {
      linear.bias = floats(name + ".bias", {outputs});
    }
    return linear;
  }

  PackedBlock block(const std::string& prefix) const {
    const std::int64_t width = config_.width;
    const std::int64_t query_width = config_.heads * config_.head_width;
    const std::int64_t key_width = config_.kv_heads * config_.head_width;
    PackedBlock block;
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
  const std::function<void(const std::string&)>& release_;
};

}  // namespace

template <typename Visit>
void PackedWeights::each_block_matrix(const Visit& visit) const {
  for (const PackedBlock& block : blocks) {
    for (const PackedLinear* linear :
         {&block.query, &block.key, &block.value, &block.output, &block.gate, &block.up, &block.down}) {
      if (linear->matrix) {
        visit(*linear->matrix);
      }
    }
  }
}

std::size_t PackedWeights::bytes() const {
  return bytes_per_step() + (untied_head.matrix ? embedding.matrix->bytes() : 0);
}

std::size_t PackedWeights::bytes_per_step() const {
  std::size_t total = head().matrix->bytes();
  each_block_matrix([&](const PackedMatrix& matrix) { total += matrix.bytes(); });
  return total;
}

std::size_t PackedWeights::block_macs() const {
  std::size_t total = 0;
  each_block_matrix([&](const PackedMatrix& matrix) { total += matrix.outputs() * matrix.inputs(); });
  return total;
}

PackedWeights load_packed_weights(const TransformerConfig& config, const TensorSource& source,
                                  const std::function<void(const std::string&)>& release) {
  return Loader(config, source, release).load();
}

}  // namespace everform
