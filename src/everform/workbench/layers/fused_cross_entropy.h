// The softmax cross-entropy of rows of logits in one pass, its gradient in the logits' own memory.
#pragma once

#include <torch/types.h>

namespace everform {

/// Loss of every row: -log softmax(logits)[target], float32 [rows]; 0 where the target is negative. With
/// `gradient` the logits are replaced by d loss / d logits = softmax - one_hot (0 where the target is
/// negative), in their own type; sums are float32. Not an autograd function: for losses that compute their
/// gradient together with their value, a chunk of rows at a time.
/// @param logits contiguous float32 or bfloat16 [rows, classes] on the CPU, changed in place with `gradient`
/// @param targets int64 [rows], below `classes`
torch::Tensor fused_cross_entropy(torch::Tensor logits, const torch::Tensor& targets, bool gradient);

}  // namespace everform
