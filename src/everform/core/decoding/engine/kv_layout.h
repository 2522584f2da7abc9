// Where keys and values of a sequence lie in the pages of the cache, and in how many bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// kInt8: signed bytes, one float scale for each position's key and one for its value, in every head.
enum class KvPrecision { kFloat32, kBFloat16, kInt8 };

/// A page holds kBlockPositions positions of one sequence, for all layers and key-value heads. In a page each
/// (layer, head) has its keys, then its values, then, in kInt8, the 64 scales of keys and of values, in the
/// forms that BlockTask reads.
class KvLayout {
 public:
  KvLayout() = default;
  KvLayout(const TransformerConfig& config, KvPrecision precision);

  KvPrecision precision() const { return precision_; }
  std::size_t page_bytes() const { return heads_ * head_bytes_; }
  std::size_t layers() const { return layers_; }
  std::size_t kv_heads() const { return kv_heads_; }
  std::size_t head_width() const { return head_width_; }
  /// head_width rounded up to kHeadLanes.
  std::size_t padded_width() const { return padded_width_; }

  const std::byte* keys(const std::byte* page, std::size_t layer, std::size_t head) const {
    return page + (layer * kv_heads_ + head) * head_bytes_;
  }
  const std::byte* values(const std::byte* page, std::size_t layer, std::size_t head) const {
    return keys(page, layer, head) + matrix_bytes_;
  }
  /// [64] of keys, then [64] of values; kInt8 only.
  const float* scales(const std::byte* page, std::size_t layer, std::size_t head) const {
    return reinterpret_cast<const float*>(keys(page, layer, head) + 2 * matrix_bytes_);
  }

  /// Sets one position of a page. @param slot in [0, 64) @param key [head_width] @param value [head_width]
  void write(std::byte* page, std::size_t layer, std::size_t head, std::size_t slot,
             std::span<const float> key, std::span<const float> value) const;

 private:
  KvPrecision precision_ = KvPrecision::kBFloat16;
  std::size_t layers_ = 0;
  std::size_t kv_heads_ = 0;
  std::size_t heads_ = 0;  ///< layers * kv_heads
  std::size_t head_width_ = 0;
  std::size_t padded_width_ = 0;
  std::size_t matrix_bytes_ = 0;  ///< of one head's keys or values
  std::size_t head_bytes_ = 0;
};

}  // namespace everform
