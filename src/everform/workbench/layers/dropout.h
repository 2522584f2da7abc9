// Dropout (Srivastava et al. 2014) whose choices come from a random stream keyed by seed, layer, step and
// item.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string_view>

namespace everform {

/// Where in a training a forward pass is. An item's choices do not depend on the batch it is in.
struct DropoutKey {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  std::int64_t first_item = 0;  ///< index of the first row of x in the global batch of this step
};

/// Zeroes each element with `probability` and scales the others by 1/(1-probability).
/// @param x [batch, ...] @param purpose names the layer ("dropout.3.mlp") @param key nullptr: not training, x
/// itself comes back
torch::Tensor dropout(const torch::Tensor& x, double probability, std::string_view purpose,
                      const DropoutKey* key);

}  // namespace everform
