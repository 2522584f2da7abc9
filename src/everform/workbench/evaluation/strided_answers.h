// The yes/no answers of a network that reads vectors and answers at every k-th row.
#pragma once

#include <cstdint>
#include <vector>

#include "everform/workbench/models/transformer.h"

namespace everform {

/// Whether each of strided_logits is positive, without gradients: [items * rows / stride], item after item.
/// @param vectors [items, rows, width_in]
std::vector<bool> strided_answers(Transformer& transformer, const torch::Tensor& vectors,
                                  std::int64_t stride);

}  // namespace everform
