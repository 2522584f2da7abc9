#include "everform/core/io/grid_fit.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace everform {

namespace {

constexpr int kPolishSteps = 3;

/// Four lanes with element-wise arithmetic: a GNU extension that both compilers turn into vector
/// instructions. Sums keep one order.
using Lanes = float __attribute__((vector_size(16)));
constexpr std::size_t kLanes = 4;

Lanes load(const float* at) {
  Lanes lanes;
  std::memcpy(&lanes, at, sizeof lanes);
  return lanes;
}

float total(Lanes lanes) {
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

/// Nearest integers, ties to even, of values within [low, high]: adding and taking away 1.5 * 2^23 leaves no
/// fraction bits.
Lanes nearest_within(Lanes x, float low, float high) {
  constexpr float kShift = 12582912.0F;
  const Lanes lows = Lanes{} + low;
  const Lanes highs = Lanes{} + high;
  x = x > lows ? x : lows;
  x = x < highs ? x : highs;
  return (x + kShift) - kShift;
}

/// Least squares of w ~ scale * q where q are the nearest integers to w * inverse.
struct SymmetricFit {
  float scale = 0.0F;
  float gain = 0.0F;  ///< sum of squares that the fit explains
};

SymmetricFit solve_symmetric(std::span<const float> weights, float inverse, float low, float high) {
  Lanes wq{};
  Lanes qq{};
  for (std::size_t i = 0; i < weights.size(); i += kLanes) {
    const Lanes w = load(&weights[i]);
    const Lanes q = nearest_within(w * inverse, low, high);
    wq += w * q;
    qq += q * q;
  }
  const float projection = total(wq);
  const float norm = total(qq);
  if (!(norm > 0.0F)) {
    return {};
  }
  return {projection / norm, projection * projection / norm};
}

struct AffineFit {
  AffineGrid grid;
  float error = 0.0F;  ///< sum of squared residuals
};

/// Least squares of v ~ scale * q + offset where q are the nearest integers to v * inverse + shift, v = w -
/// base.
AffineFit solve_affine(std::span<const float> weights, float base, float inverse, float shift, float top,
                       bool offset_at_most_zero) {
  Lanes sum_v{};
  Lanes sum_q{};
  Lanes sum_vq{};
  Lanes sum_qq{};
  Lanes sum_vv{};
  for (std::size_t i = 0; i < weights.size(); i += kLanes) {
    const Lanes v = load(&weights[i]) - base;
    const Lanes q = nearest_within(v * inverse + shift, 0.0F, top);
    sum_v += v;
    sum_q += q;
    sum_vq += v * q;
    sum_qq += q * q;
    sum_vv += v * v;
  }
  const auto n = static_cast<double>(weights.size());
  const double v = total(sum_v);
  const double q = total(sum_q);
  const double vq = total(sum_vq);
  const double qq = total(sum_qq);
  const double vv = total(sum_vv);
  const double determinant = n * qq - q * q;
  double scale = determinant > 0.0 ? (n * vq - v * q) / determinant : 0.0;
  double offset = (v - scale * q) / n;
  if (offset_at_most_zero && base + offset > 0.0) {
    offset = -static_cast<double>(base);
    scale = qq > 0.0 ? (vq - offset * q) / qq : 0.0;
  }
  if (!(scale >= 0.0)) {
    scale = 0.0;
  }
  const double error = vv + scale * scale * qq + n * offset * offset - 2.0 * scale * vq - 2.0 * offset * v +
                       2.0 * scale * offset * q;
  return {{static_cast<float>(scale), static_cast<float>(base + offset)},
          static_cast<float>(std::max(error, 0.0))};
}

}  // namespace

float fit_symmetric_grid(std::span<const float> weights, int levels) {
  float largest = 0.0F;
  for (const float w : weights) {
    if (std::abs(w) > std::abs(largest)) {
      largest = w;
    }
  }
  if (largest == 0.0F) {
    return 0.0F;
  }
  const auto low = static_cast<float>(-levels);
  const auto high = static_cast<float>(levels - 1);
  // The largest weight lands on a level from 3/4 of the last one to 5/4 of it (clipped), on either side of
  // zero.
  constexpr int kSteps = 24;
  SymmetricFit best;
  for (int step = 0; step <= kSteps; ++step) {
    const float level = static_cast<float>(levels) * (0.75F + 0.5F * static_cast<float>(step) / kSteps);
    for (const float target : {-level, level}) {
      const SymmetricFit fit = solve_symmetric(weights, target / largest, low, high);
      best = fit.gain > best.gain ? fit : best;
    }
  }
  for (int step = 0; step < kPolishSteps && best.scale != 0.0F; ++step) {
    const SymmetricFit fit = solve_symmetric(weights, 1.0F / best.scale, low, high);
    if (fit.gain <= best.gain) {
      break;
    }
    best = fit;
  }
  return best.scale;
}

AffineGrid fit_affine_grid(std::span<const float> weights, int top, bool offset_at_most_zero) {
  float low = weights[0];
  float high = weights[0];
  for (const float w : weights) {
    low = std::min(low, w);
    high = std::max(high, w);
  }
  if (offset_at_most_zero) {
    low = std::min(low, 0.0F);
  }
  if (!(high > low)) {
    return {0.0F, low};
  }
  const auto last = static_cast<float>(top);
  // The weights span from 3/4 of the levels to 5/4 of them (clipped), held at their lower end or at their
  // middle.
  constexpr int kSteps = 24;
  AffineFit best;
  best.error = INFINITY;
  for (int step = 0; step <= kSteps; ++step) {
    const float span = last * (0.75F + 0.5F * static_cast<float>(step) / kSteps);
    for (const float shift : {0.0F, 0.5F * (last - span)}) {
      const AffineFit fit = solve_affine(weights, low, span / (high - low), shift, last, offset_at_most_zero);
      best = fit.error < best.error ? fit : best;
    }
  }
  for (int step = 0; step < kPolishSteps && best.grid.scale > 0.0F; ++step) {
    const float inverse = 1.0F / best.grid.scale;
    const float shift = (low - best.grid.offset) * inverse;
    const AffineFit fit = solve_affine(weights, low, inverse, shift, last, offset_at_most_zero);
    if (fit.error >= best.error) {
      break;
    }
    best = fit;
  }
  return best.grid;
}

int nearest_level(float value, float scale, int low, int high) {
  if (scale == 0.0F) {
    return 0;
  }
  const float level = std::clamp(value / scale, static_cast<float>(low), static_cast<float>(high));
  return static_cast<int>(std::lrint(level));
}

}  // namespace everform
