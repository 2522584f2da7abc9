// Forgetful causal masking: in training, some past tokens are hidden from every later one (Liu et al. 2022,
// arXiv 2210.13432).
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "everform/workbench/objectives/objective.h"

namespace everform {

/// Chooses the keys that every query, head and layer goes without in one training step. In each sequence
/// every position but the first gets a random score, and the floor(probability * tokens) highest are hidden.
/// Tokens stay queries and targets; position 0 is always seen, so that no query goes blind. Evaluation runs
/// without this mask.
/// @param probability in [0, 1); at most tokens - 1 keys are hidden
/// @return bool [items, tokens], true where a key may be seen: TransformerInput::key_mask
torch::Tensor forgetful_key_mask(std::int64_t items, std::int64_t tokens, double probability,
                                 const StepContext& context);

}  // namespace everform
