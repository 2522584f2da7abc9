#include "everform/domains/language/decoder_calculator.h"

#include "everform/core/base/error.h"
#include "everform/core/io/quantize.h"
#include "everform/core/recipes/nearest_name.h"
#include "everform/core/recipes/transformer_tensors.h"

namespace everform {
namespace {

/// Rows and columns of a layer's projection.
std::vector<std::int64_t> projection_shape(const TransformerConfig& config, const std::string& target) {
  const std::int64_t queries = config.heads * config.head_width;
  const std::int64_t keys = config.kv_heads * config.head_width;
  if (target == "q_proj") {
    return {queries, config.width};
  }
  if (target == "k_proj" || target == "v_proj") {
    return {keys, config.width};
  }
  if (target == "o_proj") {
    return {config.width, queries};
  }
  if (target == "up_proj" || (target == "gate_proj" && config.gated_mlp)) {
    return {config.ff_width, config.width};
  }
  if (target == "down_proj") {
    return {config.width, config.ff_width};
  }
  throw Error(
      ErrorKind::kUsage, "counting LoRA's weights",
      "\"" + printable(target, 60) + "\" is no projection of this model",
      suggestion(target, {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}));
}

}  // namespace

std::int64_t weight_bytes(const TransformerConfig& config, ElementType type) {
  std::int64_t bytes = 0;
  for (const NamedShape& tensor : transformer_tensors(config)) {
    const bool is_vector = tensor.shape.size() < 2;
    const ElementType stored = is_vector ? ElementType::kF32 : type_for_rows(type, tensor.shape.back());
    bytes += tensor.elements() / block_elements(stored) * block_bytes(stored);
  }
  return bytes;
}

std::int64_t kv_cache_bytes(const TransformerConfig& config, std::int64_t tokens,
                            std::int64_t bytes_per_value) {
  return 2 * config.depth * config.kv_heads * config.head_width * tokens * bytes_per_value;
}

double flops_per_token(const TransformerConfig& config, std::int64_t tokens) {
  return 2.0 * static_cast<double>(parameter_count(config)) + 2.0 * static_cast<double>(config.depth) *
                                                                  static_cast<double>(tokens) *
                                                                  static_cast<double>(config.width) * 2.0;
}

std::int64_t lora_parameters(const TransformerConfig& config, std::int64_t rank,
                             const std::vector<std::string>& targets) {
  std::int64_t weights = 0;
  for (const std::string& target : targets) {
    const std::vector<std::int64_t> shape = projection_shape(config, target);
    weights += config.depth * rank * (shape[0] + shape[1]);
  }
  return weights;
}

TuningMemory tuning_memory(const TransformerConfig& config, std::int64_t lora_weights) {
  constexpr std::int64_t kAdamMixed = 16;
  constexpr std::int64_t kFrozen = 2;
  const std::int64_t parameters = parameter_count(config);
  return {kAdamMixed * parameters, kFrozen * parameters + kAdamMixed * lora_weights};
}

}  // namespace everform
