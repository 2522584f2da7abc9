// Means, ranks and confidence intervals on plain arrays. Every interval is two-sided and holds 95 %.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace everform {

/// A range that holds the true value with the stated confidence.
struct Interval {
  double low = 0.0;
  double high = 0.0;

  bool contains(double value) const { return low <= value && value <= high; }
  bool operator==(const Interval&) const = default;
};

/// Arithmetic mean. Throws Error{kFailed} for no values; so do all functions here that need at least one.
double mean(std::span<const double> values);
/// Unbiased standard deviation (n - 1); 0 for a single value.
double standard_deviation(std::span<const double> values);
/// Quantile with linear interpolation between order statistics (Hyndman and Fan's type 7). @param q in [0, 1]
double quantile(std::span<const double> values, double q);

/// Student's t interval of a mean; a single value gives itself on both ends.
Interval mean_interval(std::span<const double> values);

/// Wilson's score interval of a share (Wilson 1927). @param successes at most `trials`; trials > 0
Interval wilson_interval(std::size_t successes, std::size_t trials);

/// Percentile bootstrap of the mean (Efron 1979). The resamples are a pure function of the seed and the
/// number of values.
Interval bootstrap_interval(std::span<const double> values, std::uint64_t seed, std::size_t resamples = 2000);

/// Percentile bootstrap of any statistic of `count` items. @param statistic takes indices into the items,
/// `count` of them with repetition
Interval bootstrap_interval(std::size_t count,
                            const std::function<double(std::span<const std::size_t>)>& statistic,
                            std::uint64_t seed, std::size_t resamples = 2000);

/// Ranks from 1, ties share their mean rank.
std::vector<double> ranks(std::span<const double> values);

/// Area under the ROC curve: the chance that a positive item scores above a negative one, ties counting half.
/// Throws Error{kFailed} where the sizes differ or one of the classes is empty.
double auroc(std::span<const double> scores, const std::vector<bool>& positive);

}  // namespace everform
