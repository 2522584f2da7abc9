#include "everform/workbench/layers/rotary_embedding.h"

#include <torch/types.h>

#include <cmath>
#include <numbers>

namespace everform {

namespace {

/// Llama 3.1's rule: wavelengths beyond original_context / low are divided by `factor`, those below
/// original_context / high stay, those between are blended linearly in original_context / wavelength.
double llama3_frequency(const RotaryConfig& config, double frequency) {
  const double turns = static_cast<double>(config.original_context) * frequency / (2.0 * std::numbers::pi);
  if (turns < config.low_frequency_factor) {
    return frequency / config.factor;
  }
  if (turns > config.high_frequency_factor) {
    return frequency;
  }
  const double blend =
      (turns - config.low_frequency_factor) / (config.high_frequency_factor - config.low_frequency_factor);
  return (1.0 - blend) * frequency / config.factor + blend * frequency;
}

}  // namespace

std::vector<double> rotary_frequencies(const RotaryConfig& config, std::int64_t dimensions) {
  std::vector<double> frequencies;
  for (std::int64_t i = 0; i < dimensions / 2; ++i) {
    const double frequency =
        std::pow(config.theta, -2.0 * static_cast<double>(i) / static_cast<double>(dimensions));
    switch (config.scaling) {
      case RotaryScaling::kNone:
        frequencies.push_back(frequency);
        break;
      case RotaryScaling::kLinear:
        frequencies.push_back(frequency / config.factor);
        break;
      case RotaryScaling::kLlama3:
        frequencies.push_back(llama3_frequency(config, frequency));
        break;
    }
  }
  return frequencies;
}

RotaryPositions::RotaryPositions(const RotaryConfig& config, std::int64_t head_width)
    : dimensions_(config.dimensions == 0 ? head_width : config.dimensions),
      frequencies_(torch::tensor(rotary_frequencies(config, dimensions_), at::kDouble)) {}

RotaryPositions::Angles RotaryPositions::angles(const torch::Tensor& positions) const {
  // In double: at position 100,000 a float32 angle is off by a hundredth.
  const torch::Tensor angle = positions.to(at::kDouble).unsqueeze(-1) * frequencies_.to(positions.device());
  return {angle.cos().to(at::kFloat), angle.sin().to(at::kFloat)};
}

torch::Tensor RotaryPositions::apply(const torch::Tensor& x, const torch::Tensor& positions) const {
  return apply(x, angles(positions));
}

torch::Tensor RotaryPositions::apply(const torch::Tensor& x, const Angles& angles) const {
  const std::int64_t half = dimensions_ / 2;
  // [tokens, half] broadcasts as it is; [batch, tokens, half] needs the heads' place.
  const torch::Tensor cosine = angles.cosine.dim() == 3 ? angles.cosine.unsqueeze(1) : angles.cosine;
  const torch::Tensor sine = angles.sine.dim() == 3 ? angles.sine.unsqueeze(1) : angles.sine;
  const torch::Tensor first = x.narrow(-1, 0, half);
  const torch::Tensor second = x.narrow(-1, half, half);
  std::vector<torch::Tensor> parts = {(first * cosine - second * sine).to(x.scalar_type()),
                                      (second * cosine + first * sine).to(x.scalar_type())};
  if (x.size(-1) > dimensions_) {
    parts.push_back(x.narrow(-1, dimensions_, x.size(-1) - dimensions_));
  }
  return torch::cat(parts, -1);
}

}  // namespace everform
