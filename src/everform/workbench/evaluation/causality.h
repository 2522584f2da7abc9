// Whether a model's answers depend on what comes later.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "everform/workbench/models/transformer.h"

namespace everform {

/// Of the logits at rows 0, stride, 2 stride, ...: at how many of them all logits up to there keep every bit
/// when all later rows are changed. @param vectors [items, rows, width_in] @return rows / stride for a causal
/// model
std::int64_t causal_places(Transformer& transformer, const torch::Tensor& vectors, std::int64_t stride);

}  // namespace everform
