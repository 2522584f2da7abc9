// Attention of new tokens of one sequence over its paged cache.
#pragma once

#include <cstddef>

#include "everform/core/decoding/engine/kv_layout.h"
#include "everform/core/decoding/engine/paged_sequence.h"

namespace everform {

/// Query rows of one key-value head that one call takes best: enough to make good use of a block once it is
/// at hand.
std::size_t attention_rows(std::size_t group);

/// Consecutive tokens of a sequence, the heads that share one key-value head. Their own keys and values are
/// in the cache already.
struct PagedAttention {
  const KvLayout& layout;
  const PagedSequence& sequence;
  std::size_t layer;
  std::size_t head;      ///< key-value head
  std::size_t position;  ///< of the first token
  std::size_t rows;      ///< tokens
  std::size_t group;     ///< query heads of the key-value head
  float scale;
  std::size_t window;    ///< positions seen, the token's own included; 0: all
  const float* slopes;   ///< [group] ALiBi, or nullptr
  const float* queries;  ///< [rows][group, head_width], `stride` floats from row to row
  float* out;            ///< as queries
  std::size_t stride;
};

/// out = softmax(scale q k + ALiBi) v over the positions that each token sees. The cache is read in blocks of
/// 64 positions that begin at multiples of 64, each query's sums run in the order of positions: a token's
/// result does not depend on the tokens beside it.
void attend_paged(const PagedAttention& task);

}  // namespace everform
