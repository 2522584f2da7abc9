#include "everform/core/decoding/positions.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace everform {
namespace {

double scaled_frequency(const RotaryConfig& config, double frequency) {
  switch (config.scaling) {
    case RotaryScaling::kNone:
      return frequency;
    case RotaryScaling::kLinear:
      return frequency / config.factor;
    case RotaryScaling::kLlama3: {
      const double turns =
          static_cast<double>(config.original_context) * frequency / (2.0 * std::numbers::pi);
      if (turns < config.low_frequency_factor) {
        return frequency / config.factor;
      }
      if (turns > config.high_frequency_factor) {
        return frequency;
      }
      const double kept = (turns - config.low_frequency_factor) /
                          (config.high_frequency_factor - config.low_frequency_factor);
      return (1.0 - kept) * frequency / config.factor + kept * frequency;
    }
  }
  return frequency;
}

}  // namespace

RotaryEmbedding::RotaryEmbedding(const RotaryConfig& config, std::size_t head_width) {
  const auto dimensions = config.dimensions > 0 ? static_cast<std::size_t>(config.dimensions) : head_width;
  for (std::size_t i = 0; i < dimensions / 2; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(dimensions);
    frequencies_.push_back(scaled_frequency(config, std::pow(config.theta, exponent)));
  }
}

void RotaryEmbedding::angles(std::size_t position, std::span<float> cosine, std::span<float> sine) const {
  for (std::size_t i = 0; i < frequencies_.size(); ++i) {
    const double angle = static_cast<double>(position) * frequencies_[i];
    cosine[i] = static_cast<float>(std::cos(angle));
    sine[i] = static_cast<float>(std::sin(angle));
  }
}

void rotate_half_split(std::span<const float> cosine, std::span<const float> sine, std::span<float> head) {
  const std::size_t pairs = cosine.size();
  for (std::size_t i = 0; i < pairs; ++i) {
    const float a = head[i];
    const float b = head[i + pairs];
    head[i] = a * cosine[i] - b * sine[i];
    head[i + pairs] = b * cosine[i] + a * sine[i];
  }
}

void add_sinusoidal(std::size_t position, std::span<float> row) {
  const auto width = static_cast<double>(row.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    const double pair = static_cast<double>(i - i % 2);
    const double angle = static_cast<double>(position) * std::pow(10000.0, -pair / width);
    row[i] += static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle));
  }
}

std::vector<double> alibi_slopes(std::size_t heads, double max_bias) {
  const std::size_t below = std::bit_floor(heads);
  std::vector<double> slopes;
  for (std::size_t h = 0; h < heads; ++h) {
    const double exponent = h < below
                                ? static_cast<double>(h + 1) / static_cast<double>(below)
                                : static_cast<double>(2 * (h - below) + 1) / static_cast<double>(2 * below);
    slopes.push_back(std::exp2(-max_bias * exponent));
  }
  return slopes;
}

}  // namespace everform
