// Linear maps for the fused path: no bias (the next fused operation adds it), several weights in one product.
#pragma once

#include <torch/types.h>

#include <vector>

namespace everform {

/// The type that products run in under the present autocast state on the CPU: bfloat16 or float32.
at::ScalarType product_type();

/// x W^T for the rows of all `weights` after each other, in product_type(); parameters keep float32
/// gradients.
/// @param x [..., in] in product_type() @param weights float32 [out_i, in] each -> [..., sum of out_i]
torch::Tensor fused_linear(const torch::Tensor& x, const std::vector<torch::Tensor>& weights);

}  // namespace everform
