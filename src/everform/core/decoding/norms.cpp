#include "everform/core/decoding/norms.h"

#include <cmath>
#include <cstddef>

namespace everform {

void normalize_rows(NormKind kind, double epsilon, std::span<const float> gain, std::span<const float> bias,
                    std::span<const float> x, std::span<float> y) {
  const std::size_t width = gain.size();
  for (std::size_t begin = 0; begin < x.size(); begin += width) {
    const auto row = x.subspan(begin, width);
    double mean = 0;
    if (kind == NormKind::kLayerNorm) {
      for (const float value : row) {
        mean += value;
      }
      mean /= static_cast<double>(width);
    }
    double square = 0;
    for (const float value : row) {
      square += (value - mean) * (value - mean);
    }
    const double scale = 1.0 / std::sqrt(square / static_cast<double>(width) + epsilon);
    for (std::size_t i = 0; i < width; ++i) {
      const auto normal = static_cast<float>((row[i] - mean) * scale);
      y[begin + i] = normal * gain[i] + (bias.empty() ? 0.0F : bias[i]);
    }
  }
}

}  // namespace everform
