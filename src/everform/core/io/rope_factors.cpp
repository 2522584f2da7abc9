#include "everform/core/io/rope_factors.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace everform {

std::vector<float> llama3_rope_factors(const RotaryConfig& rotary, std::int64_t dimensions) {
  std::vector<float> factors;
  const auto context = static_cast<double>(rotary.original_context);
  for (std::int64_t i = 0; i < dimensions / 2; ++i) {
    const double exponent = 2.0 * static_cast<double>(i) / static_cast<double>(dimensions);
    const double wavelength = 2.0 * std::numbers::pi * std::pow(rotary.theta, exponent);
    const double turns = context / wavelength;
    const double smooth = std::clamp(
        (turns - rotary.low_frequency_factor) / (rotary.high_frequency_factor - rotary.low_frequency_factor),
        0.0, 1.0);
    factors.push_back(static_cast<float>(1.0 / ((1.0 - smooth) / rotary.factor + smooth)));
  }
  return factors;
}

std::optional<RotaryConfig> find_llama3_scaling(const RotaryConfig& rotary, std::span<const float> factors) {
  if (factors.empty()) {
    return std::nullopt;
  }
  constexpr double kTolerance = 1e-4;
  RotaryConfig found = rotary;
  found.scaling = RotaryScaling::kLlama3;
  found.factor = *std::max_element(factors.begin(), factors.end());
  found.low_frequency_factor = 1.0;
  found.high_frequency_factor = 4.0;
  if (!(found.factor >= 1.0)) {
    return std::nullopt;
  }
  for (std::int64_t context = 1024; context <= 1 << 20; context *= 2) {
    found.original_context = context;
    const std::vector<float> expected =
        llama3_rope_factors(found, 2 * static_cast<std::int64_t>(factors.size()));
    const bool same = std::equal(expected.begin(), expected.end(), factors.begin(), [](float a, float b) {
      return std::abs(a - b) <= kTolerance * std::abs(a);
    });
    if (same) {
      return found;
    }
  }
  return std::nullopt;
}

}  // namespace everform
