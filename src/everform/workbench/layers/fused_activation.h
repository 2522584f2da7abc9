// Bias and activation of an MLP in one pass over memory, with their gradients, on the CPU.
#pragma once

#include <torch/types.h>

#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// act(x + bias), or act(x + bias) * (factor + factor_bias) for a gated MLP.
/// @param x, factor float32 or bfloat16 [..., width] on the CPU, of one type; factor may be undefined
/// @param bias, factor_bias float32 [width] or undefined
torch::Tensor fused_activation(const torch::Tensor& x, const torch::Tensor& bias, const torch::Tensor& factor,
                               const torch::Tensor& factor_bias, Activation kind);

}  // namespace everform
