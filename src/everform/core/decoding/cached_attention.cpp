#include "everform/core/decoding/cached_attention.h"

#include <algorithm>
#include <cmath>

#include "everform/core/decoding/panel_product.h"

namespace everform {
namespace {

std::size_t round_up(std::size_t value) {
  return (value + kPanelLanes - 1) / kPanelLanes * kPanelLanes;
}

// exp(s - max) / sum over the scores in place; the sum runs in double in the order of positions.
void softmax(std::span<float> scores) {
  const float largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (float& score : scores) {
    score = std::exp(score - largest);
    sum += score;
  }
  const auto inverse = static_cast<float>(1.0 / sum);
  for (float& score : scores) {
    score *= inverse;
  }
}

}  // namespace

HeadCache::HeadCache(std::size_t head_width) : head_width_(head_width), value_stride_(round_up(head_width)) {}

void HeadCache::set(std::size_t position, std::span<const float> key, std::span<const float> value) {
  truncate(position + 1);
  float* lane = keys_.data() + (position / kPanelLanes) * kPanelLanes * head_width_ + position % kPanelLanes;
  for (std::size_t d = 0; d < head_width_; ++d) {
    lane[d * kPanelLanes] = key[d];
  }
  std::copy(value.begin(), value.end(),
            values_.begin() + static_cast<std::ptrdiff_t>(position * value_stride_));
}

void HeadCache::truncate(std::size_t length) {
  keys_.resize(round_up(length) * head_width_);
  values_.resize(length * value_stride_);
}

void attend(const HeadCache& cache, const AttentionRule& rule, std::size_t position,
            std::span<const float> queries, std::span<float> out) {
  const std::size_t width = cache.head_width();
  const std::size_t group = queries.size() / width;
  const std::size_t end = position + 1;
  const std::size_t begin = rule.window > 0 && end > rule.window ? end - rule.window : 0;
  // Scores are computed for whole panels of keys; those before the window are left out afterwards.
  const std::size_t first = begin / kPanelLanes * kPanelLanes;
  const std::size_t stride = round_up(end - first);
  thread_local AlignedFloats scores;
  scores.resize(group * stride);

  multiply_panels({.x = queries.data(),
                   .x_stride = width,
                   .rows = group,
                   .panels = cache.keys() + first * width,
                   .panel_stride = width * kPanelLanes,
                   .input_stride = kPanelLanes,
                   .inputs = width,
                   .out = scores.data(),
                   .out_stride = stride,
                   .outputs = end - first});
  for (std::size_t h = 0; h < group; ++h) {
    const auto seen = std::span(scores).subspan(h * stride + (begin - first), end - begin);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      seen[i] *= rule.scale;
      if (!rule.slopes.empty()) {
        seen[i] -= rule.slopes[h] * static_cast<float>(position - begin - i);
      }
    }
    softmax(seen);
  }
  multiply_panels({.x = scores.data() + (begin - first),
                   .x_stride = stride,
                   .rows = group,
                   .panels = cache.values() + begin * cache.value_stride(),
                   .panel_stride = kPanelLanes,
                   .input_stride = cache.value_stride(),
                   .inputs = end - begin,
                   .out = out.data(),
                   .out_stride = width,
                   .outputs = width});
}

}  // namespace everform
