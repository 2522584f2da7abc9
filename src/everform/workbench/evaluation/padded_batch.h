// Does a sequence's result depend on what it is padded beside?
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "everform/workbench/models/transformer.h"

namespace everform {

/// Largest difference of any logit between sequences read in one batch, padded at their ends and with the
/// padding hidden by a key mask, and each sequence read alone. Throws Error{kFailed} where there is no
/// sequence or an empty one.
double padded_batch_difference(Transformer& transformer,
                               const std::vector<std::vector<std::int64_t>>& sequences);

}  // namespace everform
