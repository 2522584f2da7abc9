// How much attention each head puts where a hypothesis says it should: nearest-neighbour heads, induction
// heads.
#pragma once

#include <torch/types.h>

#include <vector>

namespace everform {

/// Mean over items and pairs of the probability that query `queries[item][pair]` gives to key
/// `keys[item][pair]`, for each block and head. Blocks without attention weights give an empty row.
/// @param weights Taps::attention_weights: [items, heads, tokens, keys] a block
/// @param queries, keys int64 [items, pairs] Throws Error{kFailed} where their shapes disagree or an index is
/// out of range.
std::vector<std::vector<double>> attention_mass(const std::vector<torch::Tensor>& weights,
                                                const torch::Tensor& queries, const torch::Tensor& keys);

/// What a head that looks at all keys alike would give: the mean of 1 / (query + 1) under a causal mask.
double uniform_attention_mass(const torch::Tensor& queries);

}  // namespace everform
