// Gradient checkpointing (Chen et al. 2016, arXiv 1604.06174): activations are computed again in the backward
// pass, not kept.
#pragma once

#include <torch/types.h>

#include <functional>
#include <vector>

namespace everform {

/// Runs y = body(inputs) without keeping its activations; backward runs body again with gradients, under the
/// same autocast state, and adds the parameters' gradients to their grad().
/// @param body must give the same result twice (keyed dropout does) and may use parameters; every other
/// tensor
///   that needs a gradient must be one of `inputs`
/// @param inputs may hold undefined tensors
torch::Tensor checkpointed(const std::function<torch::Tensor(const std::vector<torch::Tensor>&)>& body,
                           const std::vector<torch::Tensor>& inputs);

}  // namespace everform
