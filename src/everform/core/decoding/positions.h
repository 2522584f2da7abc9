// How the plain path tells tokens where they stand: rotary angles, sinusoidal rows and ALiBi slopes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// Rotary embedding (Su et al. 2021) of the leading `dimensions` of a head, in half-split order: entries i
/// and i + dimensions/2 turn by position * frequency_i, the rest of the head passes.
class RotaryEmbedding {
 public:
  RotaryEmbedding() = default;
  /// Frequencies theta^(-2i/dimensions), stretched as the configuration's scaling says (linear: divided by
  /// `factor`; Llama 3: low frequencies divided, high ones kept, a linear blend by wavelength between).
  RotaryEmbedding(const RotaryConfig& config, std::size_t head_width);

  /// Angles per position.
  std::size_t pairs() const { return frequencies_.size(); }
  /// @param cosine [pairs] @param sine [pairs]
  void angles(std::size_t position, std::span<float> cosine, std::span<float> sine) const;

 private:
  std::vector<double> frequencies_;
};

/// Turns the leading 2*cosine.size() entries of a head in place. @param head [head_width]
void rotate_half_split(std::span<const float> cosine, std::span<const float> sine, std::span<float> head);

/// Adds the sinusoidal row of `position` (Vaswani et al. 2017): entry 2i is sin(position / 10000^(2i/width)),
/// entry 2i+1 its cosine.
/// @param row [width]
void add_sinusoidal(std::size_t position, std::span<float> row);

/// One slope a head (Press et al. 2021): for n = 2^m heads, 2^(-max_bias h/n) for h = 1..n; otherwise those
/// of the power of two below, then every second one of the power of two above.
std::vector<double> alibi_slopes(std::size_t heads, double max_bias = 8.0);

}  // namespace everform
