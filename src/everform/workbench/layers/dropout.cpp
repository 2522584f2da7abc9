#include "everform/workbench/layers/dropout.h"

#include <torch/types.h>

#include <cmath>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/base/threads.h"

namespace everform {

torch::Tensor dropout(const torch::Tensor& x, double probability, std::string_view purpose,
                      const DropoutKey* key) {
  if (key == nullptr || probability == 0.0) {
    return x;
  }
  if (!(probability > 0.0 && probability < 1.0)) {
    throw Error(ErrorKind::kUsage, "dropout",
                "a probability of " + std::to_string(probability) + " is not in [0, 1)");
  }
  const auto threshold = static_cast<std::uint32_t>(std::lround(probability * 4294967295.0));
  const auto scale = static_cast<float>(1.0 / (1.0 - probability));
  torch::Tensor factor = torch::empty(x.sizes(), torch::dtype(at::kFloat));
  float* const out = factor.data_ptr<float>();
  const std::int64_t items = x.size(0);
  const std::int64_t each = items == 0 ? 0 : x.numel() / items;
  default_pool().parallel_for(static_cast<std::size_t>(items), 1, [&](std::size_t item, std::size_t /*end*/) {
    RandomStream random(key->seed, purpose, static_cast<std::uint64_t>(key->step),
                        static_cast<std::uint64_t>(key->first_item) + item);
    float* const row = out + static_cast<std::int64_t>(item) * each;
    for (std::int64_t i = 0; i < each; ++i) {
      row[i] = random.next_u32() < threshold ? 0.0F : scale;
    }
  });
  return x * factor.to(x.options().requires_grad(false));
}

}  // namespace everform
