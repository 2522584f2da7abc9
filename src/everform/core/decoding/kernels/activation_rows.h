// Rows of activations as the packed products read them: prepared once, shared by every product of one input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "everform/core/decoding/kernels/cache_line_vector.h"

namespace everform {

/// kFloat32: the values as they are.
/// kInt8: blocks of 32 values as signed bytes with a float scale, and the sums of each block.
/// kBFloat16: the values rounded to nearest even.
/// The fast form for a matrix is PackedMatrix::fast_precision().
enum class ActivationPrecision { kFloat32, kInt8, kBFloat16 };

/// Inputs that share one scale.
inline constexpr std::size_t kActivationBlock = 32;

/// The most rows that a kernel multiplies at a time.
inline constexpr std::size_t kRowTile = 16;

/// Rows [rows, inputs]. Each row's form depends on its own values alone. Inputs are padded with zeros to
/// whole blocks of 32.
///
/// In memory the rows lie in tiles of 16, with tiles of 8, 4, 2 and 1 for the rest: a tile holds block after
/// block, and of each block the tile's rows side by side, so that a kernel that works on a tile reads one
/// stream from front to back.
///
/// kInt8: with m the block's greatest magnitude, scale = m / 127 and quant = round(x * (127 / m)), to nearest
/// even. A block with a value that is not finite gets the scale NaN; one below 1e-30 counts as zero.
class ActivationRows {
 public:
  /// Forgets what was there. Memory is kept for the next call.
  void resize(ActivationPrecision precision, std::size_t rows, std::size_t inputs);
  /// Prepares one row. Rows may be set from several threads at once. @param values [inputs]
  void set(std::size_t row, std::span<const float> values);

  ActivationPrecision precision() const { return precision_; }
  std::size_t rows() const { return rows_; }
  std::size_t inputs() const { return inputs_; }
  std::size_t blocks() const { return blocks_; }

  /// Rows first .. first + width - 1, and one of them.
  struct Tile {
    std::size_t first = 0;
    std::size_t width = 1;
    std::size_t row = 0;  ///< within the tile
  };
  /// The tile that holds `row`.
  Tile tile_of(std::size_t row) const;

  /// Bytes that one block of one row takes.
  std::size_t bytes_of_row_block() const { return block_bytes_; }
  /// Block `block` of a tile of any precision: its first byte. kFloat32 [width][32] floats; kBFloat16
  /// [width][32] of 16 bits; kInt8 [width][32] quants, then the parts of Int8Block.
  const std::byte* tile_block(const Tile& tile, std::size_t block) const {
    return memory_.data() + tile_offset(tile, block);
  }

  /// One block of one row. The sums are multiplied as the zero points of the weights' codes want them.
  struct Int8Block {
    const std::int8_t* quants;  ///< [32]
    float scale;
    float scaled_sum;                     ///< scale times the sum of the quants
    std::int32_t minus_8_sums;            ///< -8 times the sum of the quants
    std::int32_t minus_128_sums;          ///< -128 times it
    const std::int32_t* minus_32_halves;  ///< [2]: -32 times the sums of quants 0..15 and 16..31
  };
  Int8Block int8_block(std::size_t row, std::size_t block) const;
  const float* float_block(std::size_t row, std::size_t block) const;
  const std::uint16_t* bfloat16_block(std::size_t row, std::size_t block) const;

  /// The row as float32, as the kernels understand it. @param out [inputs]
  void read(std::size_t row, std::span<float> out) const;

  /// Bytes from the begin of an Int8 block of a tile of `width` rows to each part, [width] elements each.
  static constexpr std::size_t scales_at(std::size_t width) { return 32 * width; }
  static constexpr std::size_t scaled_sums_at(std::size_t width) { return 36 * width; }
  static constexpr std::size_t minus_8_sums_at(std::size_t width) { return 40 * width; }
  static constexpr std::size_t minus_128_sums_at(std::size_t width) { return 44 * width; }
  static constexpr std::size_t minus_32_halves_at(std::size_t width) { return 48 * width; }  ///< [width][2]
  static constexpr std::size_t kInt8BlockBytes = 56;  ///< for each row of the tile

 private:
  std::size_t tile_offset(const Tile& tile, std::size_t block) const {
    return (tile.first * blocks_ + tile.width * block) * block_bytes_;
  }

  ActivationPrecision precision_ = ActivationPrecision::kFloat32;
  std::size_t rows_ = 0;
  std::size_t inputs_ = 0;
  std::size_t blocks_ = 0;
  std::size_t block_bytes_ = 0;  // of one row
  CacheLineVector<std::byte> memory_;
};

}  // namespace everform
