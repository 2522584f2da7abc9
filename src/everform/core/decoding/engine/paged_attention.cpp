#include "everform/core/decoding/engine/paged_attention.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "everform/core/decoding/aligned_floats.h"
#include "everform/core/decoding/engine/attention_kernels.h"
#include "everform/core/decoding/engine/lanes.h"

namespace everform {
namespace {

// Queries of one item: their state and a block of keys and values fit the nearest caches together.
constexpr std::size_t kItemQueries = 48;

/// What one item needs; a thread keeps it for the next.
struct Scratch {
  AlignedFloats queries;  ///< [queries, padded_width] floats or bfloat16
  AlignedFloats out;      ///< [queries, padded_width]
  AlignedFloats keys;     ///< [padded_width, 64]
  AlignedFloats values;   ///< [64, padded_width]
  std::vector<float> largest, sums, slopes, distances;
  std::vector<std::uint8_t> first, last;
};

class Item {
 public:
  Item(const PagedAttention& task, Scratch& scratch)
      : t_(task),
        s_(scratch),
        kernels_(attention_kernels()),
        padded_(task.layout.padded_width()),
        queries_(task.rows * task.group),
        paired_(task.layout.precision() == KvPrecision::kBFloat16 && kernels_.attend_paired != nullptr) {}

  void run() {
    prepare();
    const std::size_t first_block = first_seen(0) / kBlockPositions;
    const std::size_t last_block = (t_.position + t_.rows - 1) / kBlockPositions;
    for (std::size_t block = first_block; block <= last_block; ++block) {
      run_block(block);
    }
    finish();
  }

 private:
  std::size_t first_seen(std::size_t row) const {
    const std::size_t position = t_.position + row;
    const std::size_t kept = t_.sequence.first_seen(position);
    return t_.window > 0 && position + 1 > t_.window ? std::max(kept, position + 1 - t_.window) : kept;
  }

  void prepare() {
    const std::size_t width = t_.layout.head_width();
    s_.queries.assign(queries_ * padded_, 0.0F);
    s_.out.assign(queries_ * padded_, 0.0F);
    s_.largest.assign(queries_, -std::numeric_limits<float>::infinity());
    s_.sums.assign(queries_, 0.0F);
    s_.first.resize(queries_);
    s_.last.resize(queries_);
    s_.slopes.resize(queries_);
    s_.distances.resize(queries_);
    auto* halves = reinterpret_cast<std::uint16_t*>(s_.queries.data());
    for (std::size_t q = 0; q < queries_; ++q) {
      const float* from = t_.queries + q / t_.group * t_.stride + q % t_.group * width;
      for (std::size_t d = 0; d < width; ++d) {
        const float value = from[d] * t_.scale;
        if (paired_) {
          halves[q * padded_ + d] = static_cast<std::uint16_t>(rounded_bfloat16(value));
        } else {
          s_.queries[q * padded_ + d] = value;
        }
      }
      s_.slopes[q] = t_.slopes != nullptr ? t_.slopes[q % t_.group] : 0.0F;
    }
    if (t_.layout.precision() != KvPrecision::kFloat32 && !paired_) {
      s_.keys.resize(padded_ * kBlockPositions);
      s_.values.resize(padded_ * kBlockPositions);
    }
  }

  /// Points the task at a block's keys and values, as floats where the kernels need it.
  void open_block(std::size_t block, BlockTask& task) {
    const std::byte* page = t_.sequence.page(block);
    const std::byte* keys = t_.layout.keys(page, t_.layer, t_.head);
    const std::byte* values = t_.layout.values(page, t_.layer, t_.head);
    task.keys = keys;
    task.values = values;
    if (paired_ || t_.layout.precision() == KvPrecision::kFloat32) {
      return;
    }
    if (t_.layout.precision() == KvPrecision::kBFloat16) {
      kernels_.expand_pairs(reinterpret_cast<const std::uint16_t*>(keys),
                            reinterpret_cast<const std::uint16_t*>(values), padded_, s_.keys.data(),
                            s_.values.data());
    } else {
      const float* scales = t_.layout.scales(page, t_.layer, t_.head);
      kernels_.expand_bytes(reinterpret_cast<const std::int8_t*>(keys),
                            reinterpret_cast<const std::int8_t*>(values), scales, scales + kBlockPositions,
                            padded_, s_.keys.data(), s_.values.data());
    }
    task.keys = s_.keys.data();
    task.values = s_.values.data();
  }

  void run_block(std::size_t block) {
    const std::size_t base = block * kBlockPositions;
    // Rows see an interval each, which moves on from row to row: those that see this block are a run.
    const std::size_t first_row = base > t_.position ? base - t_.position : 0;
    std::size_t end_row = t_.rows;
    while (end_row > first_row && first_seen(end_row - 1) >= base + kBlockPositions) {
      --end_row;
    }
    if (first_row >= end_row) {
      return;
    }
    for (std::size_t row = first_row; row < end_row; ++row) {
      const std::size_t seen = first_seen(row);
      const std::size_t position = t_.position + row;
      for (std::size_t q = row * t_.group; q < (row + 1) * t_.group; ++q) {
        s_.first[q] = static_cast<std::uint8_t>(seen > base ? seen - base : 0);
        s_.last[q] = static_cast<std::uint8_t>(std::min(position + 1 - base, kBlockPositions));
        s_.distances[q] = static_cast<float>(base) - static_cast<float>(position);
      }
    }
    BlockTask task{.width = padded_};
    open_block(block, task);
    const std::size_t end = end_row * t_.group;
    for (std::size_t q = first_row * t_.group; q < end; q += kTileQueries) {
      run_tile(task, q, std::min(kTileQueries, end - q));
    }
  }

  void run_tile(BlockTask& task, std::size_t q, std::size_t count) {
    task.queries = count;
    task.query = paired_ ? static_cast<const void*>(
                               reinterpret_cast<const std::uint16_t*>(s_.queries.data()) + q * padded_)
                         : s_.queries.data() + q * padded_;
    task.first = s_.first.data() + q;
    task.last = s_.last.data() + q;
    task.slopes = t_.slopes != nullptr ? s_.slopes.data() + q : nullptr;
    task.distances = s_.distances.data() + q;
    task.largest = s_.largest.data() + q;
    task.sums = s_.sums.data() + q;
    task.out = s_.out.data() + q * padded_;
    (paired_ ? kernels_.attend_paired : kernels_.attend)(task);
  }

  void finish() {
    const std::size_t width = t_.layout.head_width();
    for (std::size_t q = 0; q < queries_; ++q) {
      float* to = t_.out + q / t_.group * t_.stride + q % t_.group * width;
      const float inverse = 1.0F / s_.sums[q];
      for (std::size_t d = 0; d < width; ++d) {
        to[d] = s_.out[q * padded_ + d] * inverse;
      }
    }
  }

  const PagedAttention& t_;
  Scratch& s_;
  const AttentionKernels& kernels_;
  std::size_t padded_;
  std::size_t queries_;
  bool paired_;
};

}  // namespace

std::size_t attention_rows(std::size_t group) {
  return std::max<std::size_t>(1, kItemQueries / group);
}

void attend_paged(const PagedAttention& task) {
  thread_local Scratch scratch;
  Item(task, scratch).run();
}

}  // namespace everform
