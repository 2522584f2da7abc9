// Judging sequences many at once, for learners that are faster so.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "everform/domains/functions/accuracy_curve.h"

namespace everform::functions {

/// Which points of some sequences of one length are labelled +1: all points of the first, then those of the
/// second, ...
using SequenceLabeller = std::function<std::vector<bool>(std::span<const LabelledSequence>)>;

/// A judge that is asked about exactly these sequences once, in their order, and has them labelled
/// `kJudgedAtOnce` together. @param sequences must outlive it
SequenceJudge batched_judge(std::span<const LabelledSequence> sequences, SequenceLabeller labeller);

inline constexpr std::size_t kJudgedAtOnce = 64;

}  // namespace everform::functions
