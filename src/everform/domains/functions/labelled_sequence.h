// One in-context problem: labelled points of a hidden function, in the order in which a learner sees them.
#pragma once

#include <cstdint>
#include <vector>

#include "everform/core/io/sample.h"
#include "everform/domains/functions/boolean_function.h"

namespace everform::functions {

struct LabelledSequence {
  int dimensions = 0;
  std::vector<Point> points;
  std::vector<std::int8_t> labels;  ///< +1 or -1, one a point
  int scored_from = 0;              ///< labels before this index are drawn, not learnable
  int taught = 0;                   ///< the first points that are a teaching sequence

  bool operator==(const LabelledSequence&) const = default;
};

/// The sequence as rows x_1, (y_1, 0, ..., 0), x_2, (y_2, 0, ..., 0), ... (Garg et al. 2022, arXiv
/// 2208.01066): "vectors" float [2 points, dimensions] of -1, 0, +1; "labels" float [points] of 0 and 1;
/// "scored" uint8 [points].
Sample encode_sequence(const LabelledSequence& sequence);

/// The inverse, but for `taught`, which a sample does not hold. Throws Error{kBadInput} for arrays that are
/// no such sequence.
LabelledSequence decode_sequence(const Sample& sample);

/// Index of the earlier point at the smallest Hamming distance to point `index`, the earliest of equals; -1
/// for index 0.
int nearest_earlier(const std::vector<Point>& points, int index);

}  // namespace everform::functions
