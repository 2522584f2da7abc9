// Positions that are added: a sinusoidal table, ALiBi's bias, T5's relative buckets. (A learned
// table is an Embedding.)
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace everform {

/// Sines and cosines of Vaswani et al. 2017 (arXiv 1706.03762): row p, column 2i holds sin(p /
/// 10000^(2i/width)), 2i+1 its cosine.
/// @param positions int64 [...] -> float32 [..., width], width even
torch::Tensor sinusoidal_positions(const torch::Tensor& positions, std::int64_t width);

/// alibi_slopes()[h] * -(query position - key position), 0 for keys after the query. -> float32 [heads,
/// tokens, keys]
/// @param past keys before the first query
torch::Tensor alibi_bias(std::int64_t heads, std::int64_t tokens, std::int64_t past, double max_bias = 8.0);

/// Bucket of every (query, key) distance as in T5 (Raffel et al. 2020, arXiv 1910.10683): small distances a
/// bucket each, larger ones in logarithmic steps up to `max_distance`. -> int64 [tokens, keys]
/// @param past keys before the first query @param keys number of keys
torch::Tensor relative_buckets(std::int64_t tokens, std::int64_t keys, std::int64_t past, bool bidirectional,
                               std::int64_t buckets, std::int64_t max_distance);

}  // namespace everform
