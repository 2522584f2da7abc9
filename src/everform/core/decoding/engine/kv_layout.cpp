#include "everform/core/decoding/engine/kv_layout.h"

#include <algorithm>
#include <cmath>

#include "everform/core/decoding/engine/attention_kernels.h"
#include "everform/core/decoding/engine/lanes.h"

namespace everform {
namespace {

std::size_t element_bytes(KvPrecision precision) {
  switch (precision) {
    case KvPrecision::kFloat32:
      return 4;
    case KvPrecision::kBFloat16:
      return 2;
    case KvPrecision::kInt8:
      return 1;
  }
  return 4;
}

void write_floats(std::span<const float> key, std::span<const float> value, std::size_t slot,
                  std::size_t padded, float* keys, float* values) {
  for (std::size_t d = 0; d < key.size(); ++d) {
    keys[d * kBlockPositions + slot] = key[d];
    values[slot * padded + d] = value[d];
  }
}

void write_pairs(std::span<const float> key, std::span<const float> value, std::size_t slot,
                 std::size_t padded, std::uint32_t* keys, std::uint32_t* values) {
  for (std::size_t d = 0; d < key.size(); d += 2) {
    const std::uint32_t high = d + 1 < key.size() ? rounded_bfloat16(key[d + 1]) : 0;
    keys[d / 2 * kBlockPositions + slot] = rounded_bfloat16(key[d]) | (high << 16);
  }
  std::uint32_t* row = values + slot / 2 * padded;
  if (slot % 2 == 0) {
    // The pair's later position is cleared: it is multiplied, by zero, before it is written.
    for (std::size_t d = 0; d < value.size(); ++d) {
      row[d] = rounded_bfloat16(value[d]);
    }
    return;
  }
  for (std::size_t d = 0; d < value.size(); ++d) {
    row[d] = (row[d] & 0xffffU) | (rounded_bfloat16(value[d]) << 16);
  }
}

// x = scale * bytes, the largest magnitude at 127.
float quantize(std::span<const float> x, std::size_t stride, std::int8_t* out) {
  float largest = 0;
  for (const float value : x) {
    largest = std::max(largest, std::abs(value));
  }
  // A vector of NaN or infinities has no grid: its scale says so to whoever multiplies by it.
  if (!(largest > 0) || !std::isfinite(largest)) {
    for (std::size_t d = 0; d < x.size(); ++d) {
      out[d * stride] = x[d] == 0 ? 0 : 1;
    }
    return largest > 0 ? largest : std::abs(x[0]);
  }
  const float inverse = 127.0F / largest;
  for (std::size_t d = 0; d < x.size(); ++d) {
    out[d * stride] = static_cast<std::int8_t>(std::isnan(x[d]) ? 0.0F : std::nearbyint(x[d] * inverse));
  }
  return largest / 127.0F;
}

}  // namespace

KvLayout::KvLayout(const TransformerConfig& config, KvPrecision precision)
    : precision_(precision),
      layers_(static_cast<std::size_t>(config.depth)),
      kv_heads_(static_cast<std::size_t>(config.kv_heads)),
      heads_(layers_ * kv_heads_),
      head_width_(static_cast<std::size_t>(config.head_width)),
      padded_width_((head_width_ + kHeadLanes - 1) / kHeadLanes * kHeadLanes),
      matrix_bytes_(padded_width_ * kBlockPositions * element_bytes(precision)),
      head_bytes_(2 * matrix_bytes_ +
                  (precision == KvPrecision::kInt8 ? 2 * kBlockPositions * sizeof(float) : 0)) {}

void KvLayout::write(std::byte* page, std::size_t layer, std::size_t head, std::size_t slot,
                     std::span<const float> key, std::span<const float> value) const {
  std::byte* keys = page + (layer * kv_heads_ + head) * head_bytes_;
  std::byte* values = keys + matrix_bytes_;
  switch (precision_) {
    case KvPrecision::kFloat32:
      return write_floats(key, value, slot, padded_width_, reinterpret_cast<float*>(keys),
                          reinterpret_cast<float*>(values));
    case KvPrecision::kBFloat16:
      return write_pairs(key, value, slot, padded_width_, reinterpret_cast<std::uint32_t*>(keys),
                         reinterpret_cast<std::uint32_t*>(values));
    case KvPrecision::kInt8: {
      auto* scales = reinterpret_cast<float*>(keys + 2 * matrix_bytes_);
      scales[slot] = quantize(key, kBlockPositions, reinterpret_cast<std::int8_t*>(keys) + slot);
      scales[kBlockPositions + slot] =
          quantize(value, 1, reinterpret_cast<std::int8_t*>(values) + slot * padded_width_);
      return;
    }
  }
}

}  // namespace everform
