// What a decoder needs before anybody has loaded it: parameters, bytes, cache, arithmetic, memory to tune it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "everform/core/io/element_type.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// Bytes of all weights with the matrices in `type`, or in what type_for_rows() puts in its place, and
/// vectors (norms, biases) in float32.
std::int64_t weight_bytes(const TransformerConfig& config, ElementType type);

/// Key-value cache of one sequence: 2 * layers * kv_heads * head_width * tokens * bytes per value.
std::int64_t kv_cache_bytes(const TransformerConfig& config, std::int64_t tokens,
                            std::int64_t bytes_per_value = 2);

/// Floating-point operations to process one token that sees `tokens` of context: 2 * parameters for the
/// matrices, and 2 * layers * tokens * width * 2 for the products of queries with keys and of weights with
/// values (Kaplan et al. 2020, section 2.1).
double flops_per_token(const TransformerConfig& config, std::int64_t tokens);

/// Weights that LoRA of a rank adds to the named projections ("q_proj", "v_proj") of every layer. Throws
/// Error{kUsage} for another name.
std::int64_t lora_parameters(const TransformerConfig& config, std::int64_t rank,
                             const std::vector<std::string>& targets);

/// Bytes of weights, gradients and optimizer while tuning; activations not counted.
struct TuningMemory {
  std::int64_t full =
      0;  ///< 16 a parameter: bf16 weight and gradient, float32 master weight and two Adam moments
  std::int64_t lora = 0;  ///< 2 a frozen parameter, 16 a trained one
};
TuningMemory tuning_memory(const TransformerConfig& config, std::int64_t lora_weights);

}  // namespace everform
