#include "everform/core/io/grid_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

namespace everform {

namespace {

constexpr int kPolishSteps = 3;

/// Four lanes with element-wise arithmetic: a GNU extension that both compilers turn into vector
/// instructions. Sums keep one order.
using Lanes = float __attribute__((vector_size(16)));
constexpr std::size_t kLanes = 4;
constexpr std::size_t kMostWeights = 32;
using Group = std::array<float, kMostWeights>;

Lanes load(const float* at) {
  Lanes lanes;
  std::memcpy(&lanes, at, sizeof lanes);
  return lanes;
}

void store(Lanes lanes, float* at) {
  std::memcpy(at, &lanes, sizeof lanes);
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

/// How much an error on each weight costs: |w| plus the group's root mean square. A model leans on its large
/// weights, so that plain least squares, which treats all alike, gives models that stray further (measured by
/// the divergence of their predictions).
Group importance_of(std::span<const float> weights) {
  Lanes squares{};
  for (std::size_t i = 0; i < weights.size(); i += kLanes) {
    const Lanes w = load(&weights[i]);
    squares += w * w;
  }
  const float level = std::sqrt(total(squares) / static_cast<float>(weights.size()));
  Group importance{};
  for (std::size_t i = 0; i < weights.size(); ++i) {
    importance[i] = std::abs(weights[i]) + level;
  }
  return importance;
}

/// Least squares of w ~ scale * q where q are the nearest integers to w * inverse.
struct SymmetricFit {
  float scale = 0.0F;
  float gain = 0.0F;  ///< sum of squares that the fit explains
};

SymmetricFit solve_symmetric(std::span<const float> weights, const Group& importance, float inverse,
                             float low, float high) {
  Lanes wq{};
  Lanes qq{};
  for (std::size_t i = 0; i < weights.size(); i += kLanes) {
    const Lanes w = load(&weights[i]);
    const Lanes q = nearest_within(w * inverse, low, high);
    const Lanes zq = load(&importance[i]) * q;
    wq += zq * w;
    qq += zq * q;
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

/// Weights less their smallest, v, with the sums that do not depend on a grid.
class AffineTarget {
 public:
  AffineTarget(std::span<const float> weights, float base) : size_(weights.size()), base_(base) {
    const Group importance = importance_of(weights);
    Lanes z{};
    Lanes zv{};
    Lanes zvv{};
    for (std::size_t i = 0; i < size_; i += kLanes) {
      const Lanes v = load(&weights[i]) - base;
      const Lanes weight = load(&importance[i]);
      store(v, &v_[i]);
      store(weight, &z_[i]);
      store(weight * v, &zv_[i]);
      z += weight;
      zv += weight * v;
      zvv += weight * v * v;
    }
    sum_z_ = total(z);
    sum_zv_ = total(zv);
    sum_zvv_ = total(zvv);
  }

  /// Least squares of v ~ scale * q + offset where q are the nearest integers to v * inverse + shift.
  AffineFit solve(float inverse, float shift, float top, bool offset_at_most_zero) const {
    Lanes zq{};
    Lanes zvq{};
    Lanes zqq{};
    for (std::size_t i = 0; i < size_; i += kLanes) {
      const Lanes q = nearest_within(load(&v_[i]) * inverse + shift, 0.0F, top);
      const Lanes weighted = load(&z_[i]) * q;
      zq += weighted;
      zqq += weighted * q;
      zvq += load(&zv_[i]) * q;
    }
    return solve_sums(total(zq), total(zqq), total(zvq), offset_at_most_zero);
  }

 private:
  AffineFit solve_sums(double q, double qq, double vq, bool offset_at_most_zero) const {
    const double determinant = sum_z_ * qq - q * q;
    double scale = determinant > 0.0 ? (sum_z_ * vq - sum_zv_ * q) / determinant : 0.0;
    double offset = (sum_zv_ - scale * q) / sum_z_;
    if (offset_at_most_zero && base_ + offset > 0.0) {
      offset = -static_cast<double>(base_);
      scale = qq > 0.0 ? (vq - offset * q) / qq : 0.0;
    }
    scale = scale >= 0.0 ? scale : 0.0;
    const double error = sum_zvv_ + scale * scale * qq + sum_z_ * offset * offset -
                         2.0 * (scale * vq + offset * sum_zv_ - scale * offset * q);
    return {{static_cast<float>(scale), static_cast<float>(base_ + offset)},
            static_cast<float>(std::max(error, 0.0))};
  }

  std::size_t size_;
  float base_;
  Group v_{};
  Group z_{};
  Group zv_{};
  double sum_z_;
  double sum_zv_;
  double sum_zvv_;
};

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
  const Group importance = importance_of(weights);
  const auto low = static_cast<float>(-levels);
  const auto high = static_cast<float>(levels - 1);
  // The largest weight lands on a level from 3/4 of the last one to 5/4 of it (clipped), on either side of
  // zero.
  constexpr int kSteps = 24;
  SymmetricFit best;
  for (int step = 0; step <= kSteps; ++step) {
    const float level = static_cast<float>(levels) * (0.75F + 0.5F * static_cast<float>(step) / kSteps);
    for (const float target : {-level, level}) {
      const SymmetricFit fit = solve_symmetric(weights, importance, target / largest, low, high);
      best = fit.gain > best.gain ? fit : best;
    }
  }
  for (int step = 0; step < kPolishSteps && best.scale != 0.0F; ++step) {
    const SymmetricFit fit = solve_symmetric(weights, importance, 1.0F / best.scale, low, high);
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
  const AffineTarget target(weights, low);
  const auto last = static_cast<float>(top);
  // The weights span from 3/4 of the levels to 5/4 of them (clipped), held at their lower end or at their
  // middle.
  constexpr int kSteps = 24;
  AffineFit best;
  best.error = INFINITY;
  for (int step = 0; step <= kSteps; ++step) {
    const float span = last * (0.75F + 0.5F * static_cast<float>(step) / kSteps);
    for (const float shift : {0.0F, 0.5F * (last - span)}) {
      const AffineFit fit = target.solve(span / (high - low), shift, last, offset_at_most_zero);
      best = fit.error < best.error ? fit : best;
    }
  }
  for (int step = 0; step < kPolishSteps && best.grid.scale > 0.0F; ++step) {
    const float inverse = 1.0F / best.grid.scale;
    const float shift = (low - best.grid.offset) * inverse;
    const AffineFit fit = target.solve(inverse, shift, last, offset_at_most_zero);
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
