// Residual sum and norm in one pass over memory, with their gradients, on the CPU.
#pragma once

#include <torch/types.h>

#include "everform/workbench/layers/norms.h"

namespace everform {

struct SumAndNorm {
  torch::Tensor sum;     ///< x's own values where there was no change; going on from here lets one kernel add
                         ///< both gradients
  torch::Tensor normed;  ///< undefined where no norm was asked for
};

/// True where fused_norm() takes these: float32 or bfloat16 on the CPU, the norm's parameters float32.
bool can_fuse_norm(const torch::Tensor& x, const Norm& norm);

/// sum = x + change + change_bias, normed = norm(sum). Statistics and sums in float32.
/// @param x [..., width] @param change [..., width] or undefined @param change_bias float32 [width] or
/// undefined
/// @param norm nullptr: the sum alone @param type of `normed`
SumAndNorm fused_norm(const torch::Tensor& x, const torch::Tensor& change, const torch::Tensor& change_bias,
                      const Norm* norm, at::ScalarType type);

}  // namespace everform
