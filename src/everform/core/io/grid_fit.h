// The best grid for a few weights: a weighted least-squares search over candidate scales, as block quantizers
// need it.
//
// For fixed integers q the best scale is a linear least-squares solution; for a fixed scale the best integers
// are the nearest ones. The search tries a range of scales around the one that just spans the weights (a
// little clipping or a few unused levels often cost less than a misfit grid), solves for each, and polishes
// the best by alternating the two steps.
#pragma once

#include <span>

namespace everform {

/// w_i ~ scale * q_i with q_i in [-levels, levels - 1]. The scale may be negative: the side with one level
/// more goes where it helps.
/// @param weights a multiple of four, at most 32, finite values @return scale, 0 where all weights are 0
float fit_symmetric_grid(std::span<const float> weights, int levels);

struct AffineGrid {
  float scale = 0.0F;  ///< >= 0
  float offset = 0.0F;
};

/// w_i ~ scale * q_i + offset with q_i in [0, top].
/// @param weights a multiple of four, at most 32, finite values @param offset_at_most_zero for formats that
/// store a minimum below zero
AffineGrid fit_affine_grid(std::span<const float> weights, int top, bool offset_at_most_zero);

/// Nearest integer to value / scale, clamped; 0 where the scale is 0.
int nearest_level(float value, float scale, int low, int high);

}  // namespace everform
