// What a head might do, as sequences to look at and the pairs of rows between which it would attend.
#pragma once

#include <string>
#include <vector>

#include "everform/core/recipes/system_card.h"
#include "everform/domains/functions/attention_pairs.h"

namespace everform::functions {

struct HeadHypothesis {
  std::vector<LabelledSequence> sequences;
  AttentionPairs pairs;
};

/// The option --heads KIND.
OptionSpec heads_option();

/// "nearest-neighbour": from a point in the second half to the label of the nearest earlier one. "induction":
/// sequences repeated, from a point to the label of its first appearance. Throws Error{kUsage} for another.
HeadHypothesis head_hypothesis(const std::string& kind, std::vector<LabelledSequence> sequences);

}  // namespace everform::functions
