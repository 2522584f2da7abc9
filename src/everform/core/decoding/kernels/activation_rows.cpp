#include "everform/core/decoding/kernels/activation_rows.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "everform/core/decoding/kernels/block_quantizer.h"
#include "everform/core/io/element_type.h"
#include "everform/core/io/half_precision.h"

namespace everform {
namespace {

const BlockQuantizer quantize_block = best_block_quantizer();

std::size_t bytes_of_block(ActivationPrecision precision) {
  switch (precision) {
    case ActivationPrecision::kInt8:
      return ActivationRows::kInt8BlockBytes;
    case ActivationPrecision::kBFloat16:
      return kActivationBlock * sizeof(std::uint16_t);
    case ActivationPrecision::kFloat32:
      break;
  }
  return kActivationBlock * sizeof(float);
}

}  // namespace

void ActivationRows::resize(ActivationPrecision precision, std::size_t rows, std::size_t inputs) {
  precision_ = precision;
  rows_ = rows;
  inputs_ = inputs;
  blocks_ = round_up(inputs, kActivationBlock) / kActivationBlock;
  block_bytes_ = bytes_of_block(precision);
  memory_.resize(rows * blocks_ * block_bytes_);
}

ActivationRows::Tile ActivationRows::tile_of(std::size_t row) const {
  std::size_t first = row / kRowTile * kRowTile;
  std::size_t width = kRowTile;
  while (first + width > rows_ || first + width <= row) {
    if (first + width <= rows_) {
      first += width;
    }
    width /= 2;
  }
  return {.first = first, .width = width, .row = row - first};
}

void ActivationRows::set(std::size_t row, std::span<const float> values) {
  const Tile tile = tile_of(row);
  for (std::size_t b = 0; b < blocks_; ++b) {
    alignas(kCacheLine) float padded[kActivationBlock];
    const std::size_t first = b * kActivationBlock;
    const float* from = values.data() + first;
    if (inputs_ - first < kActivationBlock) {
      std::fill(std::copy_n(from, inputs_ - first, padded), std::end(padded), 0.0F);
      from = padded;
    }
    std::byte* to = memory_.data() + tile_offset(tile, b);
    switch (precision_) {
      case ActivationPrecision::kFloat32:
        std::memcpy(to + tile.row * block_bytes_, from, block_bytes_);
        break;
      case ActivationPrecision::kBFloat16:
        floats_to_bfloat16s({from, kActivationBlock}, to + tile.row * block_bytes_);
        break;
      case ActivationPrecision::kInt8:
        quantize_block(from, {.block = to, .width = tile.width, .row = tile.row});
        break;
    }
  }
}

ActivationRows::Int8Block ActivationRows::int8_block(std::size_t row, std::size_t block) const {
  const Tile tile = tile_of(row);
  const std::byte* at = tile_block(tile, block);
  const auto part = [&]<typename T>(std::size_t offset, T /*type*/) {
    return reinterpret_cast<const T*>(at + offset) + tile.row;
  };
  return {.quants = reinterpret_cast<const std::int8_t*>(at) + tile.row * kActivationBlock,
          .scale = *part(scales_at(tile.width), float{}),
          .scaled_sum = *part(scaled_sums_at(tile.width), float{}),
          .minus_8_sums = *part(minus_8_sums_at(tile.width), std::int32_t{}),
          .minus_128_sums = *part(minus_128_sums_at(tile.width), std::int32_t{}),
          .minus_32_halves = part(minus_32_halves_at(tile.width), std::int32_t{}) + tile.row};
}

const float* ActivationRows::float_block(std::size_t row, std::size_t block) const {
  const Tile tile = tile_of(row);
  return reinterpret_cast<const float*>(tile_block(tile, block)) + tile.row * kActivationBlock;
}

const std::uint16_t* ActivationRows::bfloat16_block(std::size_t row, std::size_t block) const {
  const Tile tile = tile_of(row);
  return reinterpret_cast<const std::uint16_t*>(tile_block(tile, block)) + tile.row * kActivationBlock;
}

void ActivationRows::read(std::size_t row, std::span<float> out) const {
  for (std::size_t k = 0; k < inputs_; ++k) {
    const std::size_t block = k / kActivationBlock;
    const std::size_t at = k % kActivationBlock;
    switch (precision_) {
      case ActivationPrecision::kFloat32:
        out[k] = float_block(row, block)[at];
        break;
      case ActivationPrecision::kBFloat16:
        out[k] = bfloat16_to_float(bfloat16_block(row, block)[at]);
        break;
      case ActivationPrecision::kInt8: {
        const Int8Block part = int8_block(row, block);
        out[k] = part.scale * static_cast<float>(part.quants[at]);
        break;
      }
    }
  }
}

}  // namespace everform
