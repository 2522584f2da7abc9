#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>

#include "everform/core/io/block_quantizers.h"
#include "everform/core/io/element_type.h"
#include "everform/core/io/grid_fit.h"
#include "everform/core/io/k_scales.h"

namespace everform {

namespace {

constexpr int kBlock = 256;
using Levels = std::array<int, kBlock>;

float rounded_to_half(float value) {
  return half_to_float(float_to_half(value));
}

/// The nearest half that is no smaller in magnitude: a unit rounded down, to nothing where it is tiny, would
/// clip the largest scale.
float rounded_up_to_half(float value) {
  const std::uint16_t bits = float_to_half(value);
  const bool short_of = std::abs(half_to_float(bits)) < std::abs(value);
  return half_to_float(static_cast<std::uint16_t>(bits + (short_of ? 1 : 0)));
}

void store_half(float value, std::byte* at) {
  const std::uint16_t bits = float_to_half(value);
  std::memcpy(at, &bits, sizeof bits);
}

/// A block of Q4_K or Q5_K before packing: w = d*scale*q - dmin*minimum in eight groups of 32.
struct AffineBlock {
  static constexpr int kGroups = 8;
  static constexpr int kGroup = 32;
  static constexpr int kLargestScale = 63;

  float d = 0.0F;
  float dmin = 0.0F;
  KScales scales{};
  Levels levels{};
};

/// Nearest levels for the grids as they are stored. @return sum of squared errors
double round_to_grids(const float* weights, int top, AffineBlock& block) {
  double error = 0.0;
  for (int i = 0; i < kBlock; ++i) {
    const int group = i / AffineBlock::kGroup;
    const float scale = block.d * static_cast<float>(block.scales.scale[group]);
    const float minimum = block.dmin * static_cast<float>(block.scales.minimum[group]);
    block.levels[i] = nearest_level(weights[i] + minimum, scale, 0, top);
    const double off = scale * static_cast<float>(block.levels[i]) - minimum - weights[i];
    error += off * off;
  }
  return error;
}

/// Integer scales and minima nearest to the groups' own grids, in units of d and dmin.
void round_scales(const std::array<AffineGrid, AffineBlock::kGroups>& grids, AffineBlock& block) {
  for (int group = 0; group < AffineBlock::kGroups; ++group) {
    block.scales.scale[group] =
        static_cast<std::uint8_t>(nearest_level(grids[group].scale, block.d, 0, AffineBlock::kLargestScale));
    block.scales.minimum[group] = static_cast<std::uint8_t>(
        nearest_level(-grids[group].offset, block.dmin, 0, AffineBlock::kLargestScale));
  }
}

/// d and dmin by least squares over the whole block, its integers held.
void solve_units(const float* weights, AffineBlock& block) {
  double aa = 0.0;
  double ab = 0.0;
  double bb = 0.0;
  double wa = 0.0;
  double wb = 0.0;
  for (int i = 0; i < kBlock; ++i) {
    const int group = i / AffineBlock::kGroup;
    const double a = block.scales.scale[group] * block.levels[i];
    const double b = -static_cast<double>(block.scales.minimum[group]);
    aa += a * a;
    ab += a * b;
    bb += b * b;
    wa += a * weights[i];
    wb += b * weights[i];
  }
  const double determinant = aa * bb - ab * ab;
  double d = block.d;
  double dmin = block.dmin;
  if (determinant > 0.0) {
    d = (wa * bb - wb * ab) / determinant;
    dmin = (wb * aa - wa * ab) / determinant;
  } else if (aa > 0.0) {
    d = (wa - dmin * ab) / aa;
  }
  if (d >= 0.0 && dmin >= 0.0) {
    block.d = rounded_to_half(static_cast<float>(d));
    block.dmin = rounded_to_half(static_cast<float>(dmin));
  }
}

AffineBlock fit_affine_block(const float* weights, int top) {
  std::array<AffineGrid, AffineBlock::kGroups> grids;
  float largest_scale = 0.0F;
  float largest_minimum = 0.0F;
  for (int group = 0; group < AffineBlock::kGroups; ++group) {
    grids[group] = fit_affine_grid({weights + AffineBlock::kGroup * group, AffineBlock::kGroup}, top, true);
    largest_scale = std::max(largest_scale, grids[group].scale);
    largest_minimum = std::max(largest_minimum, -grids[group].offset);
  }
  AffineBlock best;
  double best_error = INFINITY;
  // The largest scale need not be 63: a slightly larger unit can fit the others better.
  constexpr int kUnits = 6;
  for (int unit = 0; unit < kUnits; ++unit) {
    const auto largest_level = static_cast<float>(AffineBlock::kLargestScale - unit);
    AffineBlock block;
    block.d = rounded_up_to_half(largest_scale / largest_level);
    block.dmin = rounded_up_to_half(largest_minimum / largest_level);
    round_scales(grids, block);
    round_to_grids(weights, top, block);
    solve_units(weights, block);
    round_scales(grids, block);
    const double error = round_to_grids(weights, top, block);
    if (error < best_error) {
      best_error = error;
      best = block;
    }
  }
  return best;
}

void store_nibbles(const Levels& levels, std::byte* out) {
  for (int pair = 0; pair < 4; ++pair) {
    for (int j = 0; j < 32; ++j) {
      const int low = levels[64 * pair + j] & 15;
      const int high = levels[64 * pair + 32 + j] & 15;
      out[32 * pair + j] = static_cast<std::byte>(low | (high << 4));
    }
  }
}

/// A block of Q6_K before packing: w = d*scale*(level - 32) in sixteen groups of 16.
struct SymmetricBlock {
  static constexpr int kGroups = 16;
  static constexpr int kGroup = 16;
  static constexpr int kLevels = 32;

  float d = 0.0F;
  std::array<int, kGroups> scales{};
  Levels levels{};
};

SymmetricBlock fit_symmetric_block(const float* weights) {
  std::array<float, SymmetricBlock::kGroups> scales;
  float largest = 0.0F;
  for (int group = 0; group < SymmetricBlock::kGroups; ++group) {
    scales[group] = fit_symmetric_grid({weights + SymmetricBlock::kGroup * group, SymmetricBlock::kGroup},
                                       SymmetricBlock::kLevels);
    largest = std::abs(scales[group]) > std::abs(largest) ? scales[group] : largest;
  }
  SymmetricBlock block;
  block.d = rounded_up_to_half(largest / -128.0F);
  for (int group = 0; group < SymmetricBlock::kGroups; ++group) {
    block.scales[group] = nearest_level(scales[group], block.d, -128, 127);
  }
  for (int i = 0; i < kBlock; ++i) {
    const float scale = block.d * static_cast<float>(block.scales[i / SymmetricBlock::kGroup]);
    block.levels[i] =
        nearest_level(weights[i], scale, -SymmetricBlock::kLevels, SymmetricBlock::kLevels - 1) +
        SymmetricBlock::kLevels;
  }
  return block;
}

}  // namespace

void quantize_q4_k(const float* weights, std::size_t blocks, std::byte* out) {
  for (std::size_t i = 0; i < blocks; ++i, weights += kBlock, out += 144) {
    const AffineBlock block = fit_affine_block(weights, 15);
    store_half(block.d, out);
    store_half(block.dmin, out + 2);
    pack_k_scales(block.scales, out + 4);
    store_nibbles(block.levels, out + 16);
  }
}

void quantize_q5_k(const float* weights, std::size_t blocks, std::byte* out) {
  for (std::size_t i = 0; i < blocks; ++i, weights += kBlock, out += 176) {
    const AffineBlock block = fit_affine_block(weights, 31);
    store_half(block.d, out);
    store_half(block.dmin, out + 2);
    pack_k_scales(block.scales, out + 4);
    for (int j = 0; j < 32; ++j) {
      int fifth = 0;
      for (int group = 0; group < AffineBlock::kGroups; ++group) {
        fifth |= (block.levels[32 * group + j] >> 4) << group;
      }
      out[16 + j] = static_cast<std::byte>(fifth);
    }
    store_nibbles(block.levels, out + 48);
  }
}

void quantize_q6_k(const float* weights, std::size_t blocks, std::byte* out) {
  for (std::size_t i = 0; i < blocks; ++i, weights += kBlock, out += 210) {
    const SymmetricBlock block = fit_symmetric_block(weights);
    for (int half = 0; half < 2; ++half) {
      const int* levels = block.levels.data() + 128 * half;
      for (int j = 0; j < 64; ++j) {
        out[64 * half + j] = static_cast<std::byte>((levels[j] & 15) | ((levels[64 + j] & 15) << 4));
      }
      for (int j = 0; j < 32; ++j) {
        const int high = (levels[j] >> 4) | ((levels[32 + j] >> 4) << 2) | ((levels[64 + j] >> 4) << 4) |
                         ((levels[96 + j] >> 4) << 6);
        out[128 + 32 * half + j] = static_cast<std::byte>(high);
      }
    }
    for (int group = 0; group < SymmetricBlock::kGroups; ++group) {
      out[192 + group] = static_cast<std::byte>(block.scales[group]);
    }
    store_half(block.d, out + 208);
  }
}

}  // namespace everform
