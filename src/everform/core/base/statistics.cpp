#include "everform/core/base/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <string>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"

namespace everform {
namespace {

/// 97.5 % quantile of the standard normal distribution.
constexpr double kNormal975 = 1.959963984540054;

/// 97.5 % quantiles of Student's t for 1 to 30 degrees of freedom.
constexpr std::array<double, 30> kStudent975 = {
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120,  2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042};

/// Above the table: the first term of the Cornish-Fisher expansion, right to 0.001 there.
double student_975(std::size_t degrees) {
  if (degrees <= kStudent975.size()) {
    return kStudent975[degrees - 1];
  }
  const double z = kNormal975;
  return z + (z * z * z + z) / (4.0 * static_cast<double>(degrees));
}

void need_values(std::size_t count, const char* what) {
  if (count == 0) {
    throw Error(ErrorKind::kFailed, std::string("computing ") + what,
                "there are no values; at least one is needed");
  }
}

double sorted_quantile(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  const double part = place - static_cast<double>(below);
  return sorted[below] + part * (sorted[above] - sorted[below]);
}

}  // namespace

double mean(std::span<const double> values) {
  need_values(values.size(), "a mean");
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  const double center = mean(values);
  if (values.size() == 1) {
    return 0.0;
  }
  double sum = 0.0;
  for (const double value : values) {
    sum += (value - center) * (value - center);
  }
  return std::sqrt(sum / static_cast<double>(values.size() - 1));
}

double quantile(std::span<const double> values, double q) {
  need_values(values.size(), "a quantile");
  if (!(q >= 0.0 && q <= 1.0)) {
    throw Error(ErrorKind::kFailed, "computing a quantile",
                "q is " + std::to_string(q) + ", but must be in [0, 1]");
  }
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted_quantile(sorted, q);
}

Interval mean_interval(std::span<const double> values) {
  const double center = mean(values);
  if (values.size() == 1) {
    return {center, center};
  }
  const double half = student_975(values.size() - 1) * standard_deviation(values) /
                      std::sqrt(static_cast<double>(values.size()));
  return {center - half, center + half};
}

Interval wilson_interval(std::size_t successes, std::size_t trials) {
  need_values(trials, "a Wilson interval");
  if (successes > trials) {
    throw Error(
        ErrorKind::kFailed, "computing a Wilson interval",
        std::to_string(successes) + " successes of " + std::to_string(trials) + " trials are impossible");
  }
  const double n = static_cast<double>(trials);
  const double share = static_cast<double>(successes) / n;
  const double z2 = kNormal975 * kNormal975;
  const double center = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
  const double half = kNormal975 / (1.0 + z2 / n) * std::sqrt(share * (1.0 - share) / n + z2 / (4.0 * n * n));
  // At 0 and n successes the bound is exactly 0 or 1; rounding must not leave it a little inside.
  return {successes == 0 ? 0.0 : center - half, successes == trials ? 1.0 : center + half};
}

Interval bootstrap_interval(std::span<const double> values, std::uint64_t seed, std::size_t resamples) {
  return bootstrap_interval(
      values.size(),
      [values](std::span<const std::size_t> indices) {
        double sum = 0.0;
        for (const std::size_t index : indices) {
          sum += values[index];
        }
        return sum / static_cast<double>(indices.size());
      },
      seed, resamples);
}

Interval bootstrap_interval(std::size_t count,
                            const std::function<double(std::span<const std::size_t>)>& statistic,
                            std::uint64_t seed, std::size_t resamples) {
  need_values(count, "a bootstrap interval");
  need_values(resamples, "a bootstrap interval");
  std::vector<double> statistics(resamples);
  std::vector<std::size_t> indices(count);
  for (std::size_t resample = 0; resample < resamples; ++resample) {
    RandomStream random(seed, "bootstrap", resample);
    for (std::size_t& index : indices) {
      index = static_cast<std::size_t>(random.below(count));
    }
    statistics[resample] = statistic(indices);
  }
  std::sort(statistics.begin(), statistics.end());
  return {sorted_quantile(statistics, 0.025), sorted_quantile(statistics, 0.975)};
}

std::vector<double> ranks(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) {
      ++end;
    }
    const double shared = (static_cast<double>(begin + 1) + static_cast<double>(end)) / 2.0;
    for (std::size_t i = begin; i < end; ++i) {
      result[order[i]] = shared;
    }
    begin = end;
  }
  return result;
}

double auroc(std::span<const double> scores, const std::vector<bool>& positive) {
  const auto positives = static_cast<std::size_t>(std::count(positive.begin(), positive.end(), true));
  if (scores.size() != positive.size() || positives == 0 || positives == positive.size()) {
    throw Error(ErrorKind::kFailed, "computing an AUROC",
                std::to_string(scores.size()) + " scores with " + std::to_string(positives) + " of " +
                    std::to_string(positive.size()) + " labels positive; both classes are needed");
  }
  const std::vector<double> rank = ranks(scores);
  double sum = 0.0;
  for (std::size_t i = 0; i < rank.size(); ++i) {
    sum += positive[i] ? rank[i] : 0.0;
  }
  const auto p = static_cast<double>(positives);
  const auto n = static_cast<double>(positive.size() - positives);
  return (sum - p * (p + 1.0) / 2.0) / (p * n);
}

}  // namespace everform
