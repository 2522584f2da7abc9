// Where a head would look that carries out a known algorithm, on sequences of rows x_1, y_1, x_2, y_2, ...
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "everform/domains/functions/labelled_sequence.h"

namespace everform::functions {

/// For each sequence as many pairs of rows; query and key lie one after the other, sequence by sequence.
struct AttentionPairs {
  std::size_t pairs_per_sequence = 0;
  std::vector<std::int64_t> queries;
  std::vector<std::int64_t> keys;
};

/// From the row of x_i to the label row of the nearest earlier point, for i >= first (at least 1).
AttentionPairs neighbour_pairs(std::span<const LabelledSequence> sequences, int first);

/// The first half of each sequence's points, twice. Its second half can be labelled by looking the point up.
std::vector<LabelledSequence> repeated(std::vector<LabelledSequence> sequences);
/// In repeated sequences: from the row of x_i in the second half to the label row of its first appearance.
AttentionPairs induction_pairs(std::span<const LabelledSequence> sequences);

}  // namespace everform::functions
