#include "everform/core/decoding/activations.h"

#include <cmath>
#include <cstddef>
#include <numbers>

#include "everform/core/base/threads.h"

namespace everform {
namespace {

constexpr std::size_t kGrain = 4096;

}  // namespace

float activate(Activation kind, float x) {
  constexpr auto kHalfRoot = static_cast<float>(1.0 / std::numbers::sqrt2);
  constexpr auto kTanhScale = static_cast<float>(std::numbers::inv_sqrtpi * std::numbers::sqrt2);
  switch (kind) {
    case Activation::kGelu:
      return 0.5F * x * (1.0F + std::erf(x * kHalfRoot));
    case Activation::kGeluTanh:
      return 0.5F * x * (1.0F + std::tanh(kTanhScale * (x + 0.044715F * x * x * x)));
    case Activation::kRelu:
      // Not std::max, which would hide a NaN.
      return x < 0.0F ? 0.0F : x;
    case Activation::kSilu:
      return x / (1.0F + std::exp(-x));
  }
  return x;
}

void activate_rows(Activation kind, std::span<const float> gate, std::span<float> values) {
  default_pool().parallel_for(values.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      values[i] = gate.empty() ? activate(kind, values[i]) : activate(kind, gate[i]) * values[i];
    }
  });
}

}  // namespace everform
