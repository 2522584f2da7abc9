// Causal attention of new tokens over the keys and values that a sequence has kept.
#pragma once

#include <cstddef>
#include <span>

#include "everform/core/decoding/aligned_floats.h"

namespace everform {

/// Keys and values of one layer's one key-value head, laid out as multiply_panels reads them: keys in panels
/// of 16 positions [panel, head_width, 16], values in rows [position, head_width rounded up to 16].
class HeadCache {
 public:
  explicit HeadCache(std::size_t head_width);

  /// Sets position `position`, which is at most the number of positions set before: what lay there and after
  /// is forgotten.
  void set(std::size_t position, std::span<const float> key, std::span<const float> value);
  /// Forgets positions from `length` on.
  void truncate(std::size_t length);

  std::size_t head_width() const { return head_width_; }
  std::size_t value_stride() const { return value_stride_; }
  const float* keys() const { return keys_.data(); }
  const float* values() const { return values_.data(); }

 private:
  std::size_t head_width_;
  std::size_t value_stride_;
  AlignedFloats keys_;
  AlignedFloats values_;
};

/// What attention does beside softmax(q k) v.
struct AttentionRule {
  float scale = 1.0F;
  std::size_t window = 0;  ///< positions seen, the token's own included; 0: all
  std::span<const float>
      slopes;  ///< ALiBi: slope * (key position - query position) is added to the scores; may be empty
};

/// The heads that share one key-value head, for one token at `position`, whose own key and value are in the
/// cache already.
/// @param queries [group, head_width] @param slopes of the rule: [group] @param out [group, head_width]
void attend(const HeadCache& cache, const AttentionRule& rule, std::size_t position,
            std::span<const float> queries, std::span<float> out);

}  // namespace everform
