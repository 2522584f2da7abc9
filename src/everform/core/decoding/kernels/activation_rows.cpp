#include "everform/core/decoding/kernels/activation_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "everform/core/io/element_type.h"

namespace everform {
namespace {

constexpr std::size_t kHalfBlock = kActivationBlock / 2;
constexpr float kLargestQuant = 127.0F;
constexpr float kZeroBelow = 1e-30F;

// One line more than the row needs: rows that lie a power of two apart would share few sets of the cache.
std::size_t padded_stride(std::size_t elements, std::size_t element_bytes) {
  return (round_up(elements * element_bytes, kCacheLine) + kCacheLine) / element_bytes;
}

// The bits of a non-negative float order as integers do, with infinity and NaN on top.
float greatest_magnitude(const float* values) {
  std::uint32_t greatest = 0;
  for (std::size_t i = 0; i < kActivationBlock; ++i) {
    greatest = std::max(greatest, std::bit_cast<std::uint32_t>(values[i]) & 0x7FFFFFFFU);
  }
  return std::bit_cast<float>(greatest);
}

struct QuantizedBlock {
  float scale = 0.0F;
  std::int32_t sums[2] = {0, 0};
};

QuantizedBlock quantize_block(const float* values, std::int8_t* quants) {
  QuantizedBlock block;
  const float magnitude = greatest_magnitude(values);
  std::memset(quants, 0, kActivationBlock);
  if (!std::isfinite(magnitude)) {
    block.scale = std::numeric_limits<float>::quiet_NaN();
    return block;
  }
  if (magnitude < kZeroBelow) {
    return block;
  }
  block.scale = magnitude / kLargestQuant;
  const float inverse = kLargestQuant / magnitude;
  for (std::size_t i = 0; i < kActivationBlock; ++i) {
    const auto quant = static_cast<std::int8_t>(std::lrintf(values[i] * inverse));
    quants[i] = quant;
    block.sums[i / kHalfBlock] += quant;
  }
  return block;
}

}  // namespace

void ActivationRows::resize(ActivationPrecision precision, std::size_t rows, std::size_t inputs) {
  precision_ = precision;
  rows_ = rows;
  inputs_ = inputs;
  blocks_ = round_up(inputs, kActivationBlock) / kActivationBlock;
  const std::size_t padded = blocks_ * kActivationBlock;
  switch (precision) {
    case ActivationPrecision::kFloat32:
      floats_stride_ = padded_stride(padded, sizeof(float));
      floats_.resize(rows * floats_stride_);
      break;
    case ActivationPrecision::kBFloat16:
      bfloat16s_stride_ = padded_stride(padded, sizeof(std::uint16_t));
      bfloat16s_.resize(rows * bfloat16s_stride_);
      break;
    case ActivationPrecision::kInt8:
      quants_stride_ = padded_stride(padded, 1);
      blocks_stride_ = padded_stride(blocks_, sizeof(float));
      quants_.resize(rows * quants_stride_);
      scales_.resize(rows * blocks_stride_);
      scaled_sums_.resize(rows * blocks_stride_);
      minus_sums_.resize(rows * blocks_stride_);
      minus_half_sums_.resize(rows * 2 * blocks_stride_);
      break;
  }
}

void ActivationRows::set(std::size_t row, std::span<const float> values) {
  const std::size_t padded = blocks_ * kActivationBlock;
  switch (precision_) {
    case ActivationPrecision::kFloat32: {
      float* out = floats_.data() + row * floats_stride_;
      std::copy(values.begin(), values.end(), out);
      std::fill(out + inputs_, out + padded, 0.0F);
      return;
    }
    case ActivationPrecision::kBFloat16: {
      std::uint16_t* out = bfloat16s_.data() + row * bfloat16s_stride_;
      std::transform(values.begin(), values.end(), out, float_to_bfloat16);
      std::fill(out + inputs_, out + padded, std::uint16_t{0});
      return;
    }
    case ActivationPrecision::kInt8:
      for (std::size_t b = 0; b < blocks_; ++b) {
        float block_values[kActivationBlock] = {};
        const std::size_t first = b * kActivationBlock;
        std::copy_n(values.data() + first, std::min(kActivationBlock, inputs_ - first), block_values);
        const QuantizedBlock block =
            quantize_block(block_values, quants_.data() + row * quants_stride_ + first);
        const std::int32_t sum = block.sums[0] + block.sums[1];
        const std::size_t at = row * blocks_stride_ + b;
        scales_[at] = block.scale;
        scaled_sums_[at] = block.scale * static_cast<float>(sum);
        minus_sums_[at] = -sum;
        minus_half_sums_[2 * at] = -block.sums[0];
        minus_half_sums_[2 * at + 1] = -block.sums[1];
      }
      return;
  }
}

void ActivationRows::read(std::size_t row, std::span<float> out) const {
  for (std::size_t k = 0; k < inputs_; ++k) {
    switch (precision_) {
      case ActivationPrecision::kFloat32:
        out[k] = floats(row)[k];
        break;
      case ActivationPrecision::kBFloat16:
        out[k] = bfloat16_to_float(bfloat16s(row)[k]);
        break;
      case ActivationPrecision::kInt8:
        out[k] = scales(row)[k / kActivationBlock] * static_cast<float>(quants(row)[k]);
        break;
    }
  }
}

}  // namespace everform
