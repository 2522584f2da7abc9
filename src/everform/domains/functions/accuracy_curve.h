// Accuracy at each example index: how many examples a learner needs.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "everform/core/base/statistics.h"
#include "everform/domains/functions/labelled_sequence.h"

namespace everform::functions {

class AccuracyCurve {
 public:
  AccuracyCurve(std::string name, std::size_t points)
      : name_(std::move(name)), right_(points), counted_(points) {}

  void add(std::size_t index, bool right) {
    right_[index] += right ? 1 : 0;
    ++counted_[index];
  }

  const std::string& name() const { return name_; }
  std::size_t points() const { return counted_.size(); }
  std::size_t counted(std::size_t index) const { return counted_[index]; }
  /// Share right at one index; NaN where nothing was counted.
  double at(std::size_t index) const;
  /// Share right over the indices [begin, end) together.
  double mean(std::size_t begin, std::size_t end) const;
  double mean() const { return mean(0, points()); }
  /// Over the last quarter of the indices, at least one.
  double last_quarter() const { return mean(points() - std::max<std::size_t>(points() / 4, 1), points()); }
  /// The largest |share - value| of one index, from `begin` on.
  double largest_distance(double value, std::size_t begin) const;
  /// Wilson's 95 % interval at one index.
  Interval interval(std::size_t index) const;

 private:
  std::string name_;
  std::vector<std::size_t> right_;
  std::vector<std::size_t> counted_;
};

/// Whether each point of one sequence is labelled right.
using SequenceJudge = std::function<std::vector<bool>(const LabelledSequence&)>;

/// The curve of a learner over sequences of one length; indices before a sequence's `scored_from` are left
/// out.
AccuracyCurve accuracy_curve(const std::string& name, std::span<const LabelledSequence> sequences,
                             const SequenceJudge& judge);
/// The curve of a plain learner (learner.h) by its name.
AccuracyCurve learner_curve(const std::string& learner, std::span<const LabelledSequence> sequences);

/// Share right at the index right after each sequence's own lesson; sequences that end with it are left out.
double accuracy_after_lessons(std::span<const LabelledSequence> sequences, const SequenceJudge& judge);
/// Share right of a plain learner over all indices at which the earlier points span every coordinate over
/// GF(2).
double accuracy_at_full_rank(const std::string& learner, std::span<const LabelledSequence> sequences);

/// CSV: index, then for each curve its share, the interval's ends and the count.
std::string curves_csv(std::span<const AccuracyCurve> curves);
/// [{"name", "mean", "last_quarter", "accuracy": [...]}]; null where nothing was counted.
nlohmann::json curves_json(std::span<const AccuracyCurve> curves);
/// A line a curve for a terminal.
std::string curves_text(std::span<const AccuracyCurve> curves);
/// SVG: the first curve with its interval as a band, the others dashed.
std::string curves_svg(const std::string& title, std::span<const AccuracyCurve> curves);

}  // namespace everform::functions
