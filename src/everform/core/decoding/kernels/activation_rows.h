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

/// Rows [rows, inputs]. Each row's form depends on its own values alone. Inputs are padded with zeros to
/// whole blocks.
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

  /// What the kernels read of a row. Each row begins on a cache line.
  const float* floats(std::size_t row) const { return floats_.data() + row * floats_stride_; }
  const std::uint16_t* bfloat16s(std::size_t row) const {
    return bfloat16s_.data() + row * bfloat16s_stride_;
  }
  const std::int8_t* quants(std::size_t row) const { return quants_.data() + row * quants_stride_; }
  /// [blocks]
  const float* scales(std::size_t row) const { return scales_.data() + row * blocks_stride_; }
  /// [blocks]: scale times the sum of the block's quants
  const float* scaled_sums(std::size_t row) const { return scaled_sums_.data() + row * blocks_stride_; }
  /// [blocks]: minus the sum of the block's quants
  const std::int32_t* minus_sums(std::size_t row) const { return minus_sums_.data() + row * blocks_stride_; }
  /// [blocks, 2]: minus the sums of its halves of 16 quants
  const std::int32_t* minus_half_sums(std::size_t row) const {
    return minus_half_sums_.data() + row * 2 * blocks_stride_;
  }

  /// The row as float32, as the kernels understand it. @param out [inputs]
  void read(std::size_t row, std::span<float> out) const;

 private:
  ActivationPrecision precision_ = ActivationPrecision::kFloat32;
  std::size_t rows_ = 0;
  std::size_t inputs_ = 0;
  std::size_t blocks_ = 0;
  std::size_t floats_stride_ = 0;
  std::size_t bfloat16s_stride_ = 0;
  std::size_t quants_stride_ = 0;
  std::size_t blocks_stride_ = 0;
  CacheLineVector<float> floats_;
  CacheLineVector<std::uint16_t> bfloat16s_;
  CacheLineVector<std::int8_t> quants_;
  CacheLineVector<float> scales_;
  CacheLineVector<float> scaled_sums_;
  CacheLineVector<std::int32_t> minus_sums_;
  CacheLineVector<std::int32_t> minus_half_sums_;
};

}  // namespace everform
