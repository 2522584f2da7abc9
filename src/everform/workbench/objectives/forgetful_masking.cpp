#include "everform/workbench/objectives/forgetful_masking.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "everform/core/base/error.h"

namespace everform {

torch::Tensor forgetful_key_mask(std::int64_t items, std::int64_t tokens, double probability,
                                 const StepContext& context) {
  if (!(probability >= 0.0 && probability < 1.0) || items < 0 || tokens < 1) {
    throw Error(ErrorKind::kUsage, "forgetful causal masking",
                "a share of " + std::to_string(probability) + " of " + std::to_string(tokens) +
                    " tokens cannot be hidden",
                "the share is at least 0 and below 1");
  }
  const auto hidden =
      std::min(static_cast<std::int64_t>(std::floor(probability * static_cast<double>(tokens))), tokens - 1);
  torch::Tensor mask = torch::ones({items, tokens}, torch::kBool);
  bool* seen = mask.data_ptr<bool>();
  std::vector<std::int64_t> positions;
  for (std::int64_t item = 0; item < items; ++item) {
    RandomStream random = context.random("forgetful_masking", item);
    positions.resize(static_cast<std::size_t>(tokens - 1));
    for (std::int64_t i = 0; i + 1 < tokens; ++i) {
      positions[static_cast<std::size_t>(i)] = i + 1;
    }
    // The first draws of a shuffle are a uniform choice of `hidden` positions: the same law as the highest of
    // random scores.
    for (std::int64_t i = 0; i < hidden; ++i) {
      const auto at = static_cast<std::size_t>(i);
      std::swap(positions[at], positions[at + random.below(positions.size() - at)]);
      seen[item * tokens + positions[at]] = false;
    }
  }
  return mask;
}

}  // namespace everform
