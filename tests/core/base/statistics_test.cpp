#include "everform/core/base/statistics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"

namespace everform {
namespace {

TEST(Statistics, MeanAndDeviationOfKnownValues) {
  const std::vector<double> values = {2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_DOUBLE_EQ(mean(values), 5.0);
  EXPECT_NEAR(standard_deviation(values), std::sqrt(32.0 / 7.0), 1e-12);
  EXPECT_EQ(standard_deviation(std::vector<double>{3.0}), 0.0);
  EXPECT_THROW(mean({}), Error);
}

TEST(Statistics, QuantileInterpolates) {
  const std::vector<double> values = {4, 1, 3, 2};
  EXPECT_DOUBLE_EQ(quantile(values, 0.0), 1.0);
  EXPECT_DOUBLE_EQ(quantile(values, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile(values, 1.0), 4.0);
  EXPECT_THROW(quantile(values, 1.5), Error);
}

// Ten values with mean 5.5, s = 3.02765, t(9) = 2.262: half width 2.1658.
TEST(Statistics, StudentIntervalOfKnownValues) {
  const std::vector<double> values = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const Interval interval = mean_interval(values);
  EXPECT_NEAR(interval.low, 5.5 - 2.1658, 1e-3);
  EXPECT_NEAR(interval.high, 5.5 + 2.1658, 1e-3);
}

// 8 of 10: the textbook interval is [0.4902, 0.9433].
TEST(Statistics, WilsonIntervalOfKnownCounts) {
  const Interval interval = wilson_interval(8, 10);
  EXPECT_NEAR(interval.low, 0.4902, 1e-4);
  EXPECT_NEAR(interval.high, 0.9433, 1e-4);
  EXPECT_EQ(wilson_interval(0, 10).low, 0.0);
  EXPECT_NEAR(wilson_interval(0, 10).high, 0.2775, 1e-4);
  EXPECT_EQ(wilson_interval(10, 10).high, 1.0);
  EXPECT_THROW(wilson_interval(11, 10), Error);
  EXPECT_THROW(wilson_interval(0, 0), Error);
}

TEST(Statistics, WilsonIntervalCoversTheTrueShare) {
  int covered = 0;
  for (std::uint64_t item = 0; item < 1000; ++item) {
    RandomStream random(1, "coverage", 0, item);
    std::size_t successes = 0;
    for (int i = 0; i < 60; ++i) {
      successes += random.bernoulli(0.3) ? 1 : 0;
    }
    covered += wilson_interval(successes, 60).contains(0.3) ? 1 : 0;
  }
  EXPECT_GE(covered, 925);
  EXPECT_LE(covered, 975);
}

TEST(Statistics, BootstrapAgreesWithStudentOnNormalData) {
  std::vector<double> values(200);
  RandomStream random(3, "values");
  for (double& value : values) {
    value = 10.0 + random.normal();
  }
  const Interval student = mean_interval(values);
  const Interval bootstrap = bootstrap_interval(values, 0);
  EXPECT_NEAR(bootstrap.low, student.low, 0.02);
  EXPECT_NEAR(bootstrap.high, student.high, 0.02);
  EXPECT_EQ(bootstrap, bootstrap_interval(values, 0));
  EXPECT_NE(bootstrap, bootstrap_interval(values, 1));
}

TEST(Statistics, BootstrapOfAnyStatistic) {
  const std::vector<double> values = {5, 5, 5, 5};
  const auto largest = [&](std::span<const std::size_t> indices) {
    double result = 0.0;
    for (const std::size_t index : indices) {
      result = std::max(result, values.at(index));
    }
    return result;
  };
  EXPECT_EQ(bootstrap_interval(values.size(), largest, 0), (Interval{5, 5}));
}

TEST(Statistics, TiesShareTheirMeanRank) {
  EXPECT_EQ(ranks(std::vector<double>{10, 20, 20, 5}), (std::vector<double>{2, 3.5, 3.5, 1}));
  EXPECT_TRUE(ranks({}).empty());
}

TEST(Statistics, AurocCountsPairs) {
  EXPECT_DOUBLE_EQ(auroc(std::vector<double>{0.1, 0.4, 0.35, 0.8}, {false, false, true, true}), 0.75);
  EXPECT_DOUBLE_EQ(auroc(std::vector<double>{1, 1}, {false, true}), 0.5);
  EXPECT_THROW(auroc(std::vector<double>{1, 2}, {true, true}), Error);
  EXPECT_THROW(auroc(std::vector<double>{1, 2}, {true}), Error);
}

}  // namespace
}  // namespace everform
