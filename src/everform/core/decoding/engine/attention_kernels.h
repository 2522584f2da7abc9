// The arithmetic of attention over one block of 64 cached positions, for each instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

namespace everform {

/// Positions in one block of the cache; blocks begin at multiples of it.
inline constexpr std::size_t kBlockPositions = 64;
/// Heads are padded with zeros to a multiple of this.
inline constexpr std::size_t kHeadLanes = 16;
/// Queries that one call takes at most.
inline constexpr std::size_t kTileQueries = 6;

/// Several queries against one block. The softmax runs online (Milakov and Gimelshein 2018): a query's
/// largest score, its sum of exponentials and its weighted values so far are carried from block to block.
///
/// A query's results depend on its own numbers alone: each score is one sum over the head's dimensions in
/// their order, each output one sum over positions in theirs.
struct BlockTask {
  std::size_t queries = 0;       ///< 1..kTileQueries
  std::size_t width = 0;         ///< of a head, padded
  const void* query = nullptr;   ///< [queries, width] floats, or bfloat16 for the paired kernels, scaled
  const void* keys = nullptr;    ///< floats [width, 64]; paired: bfloat16 [width/2, 64, 2]
  const void* values = nullptr;  ///< floats [64, width]; paired: bfloat16 [32, width, 2]
  const std::uint8_t* first =
      nullptr;  ///< [queries] the block's positions [first, last) are seen, at least one
  const std::uint8_t* last = nullptr;
  const float* slopes = nullptr;     ///< [queries] ALiBi: slope * (distance + slot) is added; nullptr without
  const float* distances = nullptr;  ///< [queries] the block's first position less the query's
  float* largest = nullptr;          ///< [queries] carried
  float* sums = nullptr;             ///< [queries] carried
  float* out = nullptr;              ///< [queries, width] carried
};

struct AttentionKernels {
  const char* name;
  void (*attend)(const BlockTask& task);
  /// The same on bfloat16 products; nullptr where the machine has none.
  void (*attend_paired)(const BlockTask& task);
  /// keys [width, 64] and values [64, width] as floats from the paired bfloat16 form.
  void (*expand_pairs)(const std::uint16_t* keys, const std::uint16_t* values, std::size_t width,
                       float* key_out, float* value_out);
  /// The same from signed bytes keys [width, 64], values [64, width], each position times its scale.
  void (*expand_bytes)(const std::int8_t* keys, const std::int8_t* values, const float* key_scales,
                       const float* value_scales, std::size_t width, float* key_out, float* value_out);
};

/// Those of this machine.
const AttentionKernels& attention_kernels();
/// All that run on this machine, the plainest first.
std::size_t runnable_attention_kernels(const AttentionKernels** out, std::size_t capacity);

}  // namespace everform
