// The task laws as claims of a report: what they are, and what in-context learners make of two of them.
#pragma once

#include <span>
#include <vector>

#include "everform/core/io/report.h"
#include "everform/domains/functions/accuracy_curve.h"

namespace everform::functions {

/// Claims "1" to "1d": teaching sequences leave one function, forced points have their label, every law has
/// the share of positives that it states (draws of a fixed seed).
void claim_task_laws(Report& report);

/// Claims "2" to "2c": a learner of conjunctions beside the nearest neighbour and "always negative".
/// @param learner its curve over `sequences` @return that curve, then those of the plain learners
std::vector<AccuracyCurve> claim_conjunctions(Report& report, const AccuracyCurve& learner,
                                              std::span<const LabelledSequence> sequences);

/// Learners of monotone conjunctions that were trained on other mixtures of sequences with a lesson first.
struct LessonCurves {
  AccuracyCurve taught;             ///< trained with lessons, on sequences with one
  AccuracyCurve mixed_taught;       ///< trained half and half, on sequences with one
  AccuracyCurve mixed;              ///< the same learner, on sequences without
  AccuracyCurve plain;              ///< trained without lessons, on sequences without
  double mixed_after_lesson = 0.0;  ///< accuracy_after_lessons of the half-and-half learner
};

/// Claims "3" to "3d": a lesson at the beginning saves examples. @return the four curves
std::vector<AccuracyCurve> claim_lessons(Report& report, const LessonCurves& curves);

/// Claims "4" to "4d": no learner that looks at neighbours gets beyond chance on parities, elimination over
/// GF(2) does. Arguments as above.
std::vector<AccuracyCurve> claim_parities(Report& report, const AccuracyCurve& learner,
                                          std::span<const LabelledSequence> sequences);

}  // namespace everform::functions
