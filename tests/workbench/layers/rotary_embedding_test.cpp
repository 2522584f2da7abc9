#include "everform/workbench/layers/rotary_embedding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "tests/workbench/layers/gradient_check.h"

namespace everform {
namespace {

using test::distance;
using test::normal_tensor;

torch::Tensor rotated(const RotaryPositions& rotary, const torch::Tensor& x, std::int64_t position) {
  return rotary.apply(x, torch::full({x.size(2)}, position, torch::dtype(at::kLong)));
}

TEST(Rotary, RotatesPairsHalfAHeadApart) {
  const RotaryPositions rotary({.theta = 100.0}, 4);
  const torch::Tensor x = torch::tensor({1.0, 2.0, 3.0, 4.0}, at::kDouble).view({1, 1, 1, 4});
  const torch::Tensor y = rotated(rotary, x, 3).flatten();
  for (int i = 0; i < 2; ++i) {
    const double angle = 3.0 * std::pow(100.0, -0.5 * i);
    const double a = 1.0 + i;
    const double b = 3.0 + i;
    EXPECT_NEAR(y[i].item<double>(), a * std::cos(angle) - b * std::sin(angle), 1e-6);
    EXPECT_NEAR(y[i + 2].item<double>(), b * std::cos(angle) + a * std::sin(angle), 1e-6);
  }
}

TEST(Rotary, ScoresDependOnTheDistanceAlone) {
  const RotaryPositions rotary({}, 16);
  const torch::Tensor q = normal_tensor({1, 1, 1, 16}, "q");
  const torch::Tensor k = normal_tensor({1, 1, 1, 16}, "k");
  const auto score = [&](std::int64_t i, std::int64_t j) {
    return (rotated(rotary, q, i) * rotated(rotary, k, j)).sum().item<double>();
  };
  EXPECT_NEAR(score(5, 2), score(4005, 4002), 1e-5);
  EXPECT_NEAR(score(9, 9), score(0, 0), 1e-6);
  EXPECT_GT(std::abs(score(5, 2) - score(6, 2)), 1e-3);
}

TEST(Rotary, PartialLeavesTheOtherDimensionsAndEachSequenceHasItsOwnPositions) {
  const RotaryPositions rotary({.dimensions = 4}, 10);
  const torch::Tensor x = normal_tensor({2, 3, 5, 10}, "x");
  const torch::Tensor positions = torch::arange(10, at::kLong).view({2, 5});
  const torch::Tensor y = rotary.apply(x, positions);
  EXPECT_TRUE(torch::equal(y.slice(-1, 4), x.slice(-1, 4)));
  EXPECT_TRUE(torch::equal(y[0][0][0], x[0][0][0]));
  EXPECT_LT(distance(y[1], rotary.apply(x.narrow(0, 1, 1), positions[1])[0]), 1e-12);
  EXPECT_NEAR(y.norm().item<double>(), x.norm().item<double>(), 1e-5);
}

TEST(Rotary, LinearScalingStretchesPositions) {
  const RotaryPositions plain({}, 8);
  const RotaryPositions stretched({.scaling = RotaryScaling::kLinear, .factor = 4.0}, 8);
  const torch::Tensor x = normal_tensor({1, 1, 1, 8}, "x");
  EXPECT_LT(distance(rotated(stretched, x, 12), rotated(plain, x, 3)), 1e-6);
}

TEST(Rotary, Llama3ScalingKeepsShortDividesLongAndBlendsBetween) {
  const RotaryConfig config{.theta = 500000.0,
                            .scaling = RotaryScaling::kLlama3,
                            .factor = 8.0,
                            .low_frequency_factor = 1.0,
                            .high_frequency_factor = 4.0,
                            .original_context = 8192};
  RotaryConfig unscaled = config;
  unscaled.scaling = RotaryScaling::kNone;
  const std::vector<double> scaled = rotary_frequencies(config, 128);
  const std::vector<double> plain = rotary_frequencies(unscaled, 128);
  int kept = 0;
  int divided = 0;
  int blended = 0;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const double wavelength = 2.0 * std::numbers::pi / plain[i];
    if (wavelength < 8192.0 / 4.0) {
      EXPECT_EQ(scaled[i], plain[i]);
      ++kept;
    } else if (wavelength > 8192.0) {
      EXPECT_DOUBLE_EQ(scaled[i], plain[i] / 8.0);
      ++divided;
    } else {
      EXPECT_LT(scaled[i], plain[i]);
      EXPECT_GT(scaled[i], plain[i] / 8.0);
      ++blended;
    }
  }
  EXPECT_GT(kept, 10);
  EXPECT_GT(divided, 10);
  EXPECT_GT(blended, 2);
}

}  // namespace
}  // namespace everform
