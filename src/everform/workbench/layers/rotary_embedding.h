// Rotary positions (Su et al. 2021, arXiv 2104.09864) in half-split order, over all or the leading dimensions
// of each head.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// Angular frequency of each rotated pair, radians a position, scaling included: theta^(-2i/d) for i < d/2;
/// linear scaling divides by `factor`; llama3 scaling divides the long wavelengths and blends between
/// (Llama 3.1's published rule).
/// @param dimensions rotated dimensions d, even
std::vector<double> rotary_frequencies(const RotaryConfig& config, std::int64_t dimensions);

/// Rotates pair (i, i + d/2) of each head by position * frequency_i.
class RotaryPositions {
 public:
  RotaryPositions(const RotaryConfig& config, std::int64_t head_width);

  /// @param x [batch, heads, tokens, head_width] @param positions int64 [tokens] or [batch, tokens] -> same
  /// shape as x
  torch::Tensor apply(const torch::Tensor& x, const torch::Tensor& positions) const;

  /// cos and sin of every position's angles, float32 [positions..., d/2].
  struct Angles {
    torch::Tensor cosine;
    torch::Tensor sine;
  };
  Angles angles(const torch::Tensor& positions) const;
  /// As above with angles computed once for several tensors.
  torch::Tensor apply(const torch::Tensor& x, const Angles& angles) const;

  std::int64_t dimensions() const { return dimensions_; }

 private:
  std::int64_t dimensions_;
  torch::Tensor frequencies_;  ///< float64 [d/2]
};

}  // namespace everform
