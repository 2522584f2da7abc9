#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>

#include "everform/core/io/block_quantizers.h"
#include "everform/core/io/element_type.h"
#include "everform/core/io/grid_fit.h"

namespace everform {

namespace {

constexpr int kBlock = 32;
constexpr int kHalfBlock = 16;
using Levels = std::array<int, kBlock>;

/// Stores a half and returns what a reader will see.
float store_half(float value, std::byte* at) {
  const std::uint16_t bits = float_to_half(value);
  std::memcpy(at, &bits, sizeof bits);
  return half_to_float(bits);
}

Levels symmetric_levels(const float* weights, float scale, int levels) {
  Levels out;
  for (int i = 0; i < kBlock; ++i) {
    out[i] = nearest_level(weights[i], scale, -levels, levels - 1) + levels;
  }
  return out;
}

Levels affine_levels(const float* weights, float scale, float offset, int top) {
  Levels out;
  for (int i = 0; i < kBlock; ++i) {
    out[i] = nearest_level(weights[i] - offset, scale, 0, top);
  }
  return out;
}

void store_low_bits(const Levels& levels, std::byte* out) {
  for (int j = 0; j < kHalfBlock; ++j) {
    out[j] = static_cast<std::byte>((levels[j] & 15) | ((levels[j + kHalfBlock] & 15) << 4));
  }
}

void store_fifth_bits(const Levels& levels, std::byte* out) {
  std::uint32_t bits = 0;
  for (int j = 0; j < kBlock; ++j) {
    bits |= static_cast<std::uint32_t>(levels[j] >> 4) << j;
  }
  std::memcpy(out, &bits, sizeof bits);
}

}  // namespace

void quantize_q4_0(const float* weights, std::size_t blocks, std::byte* out) {
  for (std::size_t block = 0; block < blocks; ++block, weights += kBlock, out += 18) {
    const float scale = store_half(fit_symmetric_grid({weights, kBlock}, 8), out);
    store_low_bits(symmetric_levels(weights, scale, 8), out + 2);
  }
}

void quantize_q4_1(const float* weights, std::size_t blocks, std::byte* out) {
  for (std::size_t block = 0; block < blocks; ++block, weights += kBlock, out += 20) {
    const AffineGrid grid = fit_affine_grid({weights, kBlock}, 15, false);
    const float scale = store_half(grid.scale, out);
    const float offset = store_half(grid.offset, out + 2);
    store_low_bits(affine_levels(weights, scale, offset, 15), out + 4);
  }
}

void quantize_q5_0(const float* weights, std::size_t blocks, std::byte* out) {
  for (std::size_t block = 0; block < blocks; ++block, weights += kBlock, out += 22) {
    const float scale = store_half(fit_symmetric_grid({weights, kBlock}, 16), out);
    const Levels levels = symmetric_levels(weights, scale, 16);
    store_fifth_bits(levels, out + 2);
    store_low_bits(levels, out + 6);
  }
}

void quantize_q5_1(const float* weights, std::size_t blocks, std::byte* out) {
  for (std::size_t block = 0; block < blocks; ++block, weights += kBlock, out += 24) {
    const AffineGrid grid = fit_affine_grid({weights, kBlock}, 31, false);
    const float scale = store_half(grid.scale, out);
    const float offset = store_half(grid.offset, out + 2);
    const Levels levels = affine_levels(weights, scale, offset, 31);
    store_fifth_bits(levels, out + 4);
    store_low_bits(levels, out + 8);
  }
}

void quantize_q8_0(const float* weights, std::size_t blocks, std::byte* out) {
  constexpr float kTop = 127.0F;
  for (std::size_t block = 0; block < blocks; ++block, weights += kBlock, out += 34) {
    float largest = 0.0F;
    for (int i = 0; i < kBlock; ++i) {
      largest = std::max(largest, std::abs(weights[i]));
    }
    std::uint16_t bits = float_to_half(largest / kTop);
    if (half_to_float(bits) * kTop < largest) {
      ++bits;
    }
    std::memcpy(out, &bits, sizeof bits);
    const float scale = half_to_float(bits);
    for (int i = 0; i < kBlock; ++i) {
      out[2 + i] = static_cast<std::byte>(nearest_level(weights[i], scale, -127, 127));
    }
  }
}

}  // namespace everform
