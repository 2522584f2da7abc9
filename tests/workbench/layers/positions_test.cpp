#include "everform/workbench/layers/positions.h"

#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/decoding/positions.h"

namespace everform {
namespace {

TEST(Alibi, SlopesArePowersAsInThePaper) {
  const std::vector<double> eight = alibi_slopes(8);
  for (int h = 0; h < 8; ++h) {
    EXPECT_DOUBLE_EQ(eight[static_cast<std::size_t>(h)], std::pow(2.0, -(h + 1)));
  }
  // 12 heads: those of 8, then every second one of 16.
  const std::vector<double> twelve = alibi_slopes(12);
  EXPECT_DOUBLE_EQ(twelve[7], eight[7]);
  EXPECT_DOUBLE_EQ(twelve[8], std::pow(2.0, -0.5));
  EXPECT_DOUBLE_EQ(twelve[11], std::pow(2.0, -3.5));
  EXPECT_DOUBLE_EQ(alibi_slopes(8, 16.0)[0], 0.25);
}

TEST(Alibi, BiasGrowsWithDistanceAndKnowsThePast) {
  const torch::Tensor bias = alibi_bias(8, 2, 3);
  ASSERT_EQ(bias.sizes(), (std::vector<std::int64_t>{8, 2, 5}));
  EXPECT_FLOAT_EQ(bias[0][0][0].item<float>(), -1.5F);
  EXPECT_FLOAT_EQ(bias[1][1][2].item<float>(), -0.5F);
  EXPECT_FLOAT_EQ(bias[0][0][3].item<float>(), 0.0F);
  EXPECT_FLOAT_EQ(bias[0][0][4].item<float>(), 0.0F);
}

TEST(Sinusoidal, InterleavesSinesAndCosines) {
  const torch::Tensor table = sinusoidal_positions(torch::tensor({0, 7}, at::kLong), 6);
  ASSERT_EQ(table.sizes(), (std::vector<std::int64_t>{2, 6}));
  for (int i = 0; i < 3; ++i) {
    const double angle = 7.0 / std::pow(10000.0, 2.0 * i / 6.0);
    EXPECT_NEAR(table[1][2 * i].item<double>(), std::sin(angle), 1e-6);
    EXPECT_NEAR(table[1][2 * i + 1].item<double>(), std::cos(angle), 1e-6);
    EXPECT_EQ(table[0][2 * i].item<double>(), 0.0);
    EXPECT_EQ(table[0][2 * i + 1].item<double>(), 1.0);
  }
}

TEST(RelativeBuckets, SmallDistancesHaveTheirOwnAndLargeOnesShare) {
  const torch::Tensor causal = relative_buckets(200, 200, 0, false, 32, 128)[199];
  EXPECT_EQ(causal[199].item<std::int64_t>(), 0);
  EXPECT_EQ(causal[184].item<std::int64_t>(), 15);
  EXPECT_EQ(causal[183].item<std::int64_t>(), 16);
  EXPECT_EQ(causal[199 - 127].item<std::int64_t>(), 31);
  EXPECT_EQ(causal[0].item<std::int64_t>(), 31);
  const torch::Tensor both = relative_buckets(200, 200, 0, true, 32, 128)[100];
  EXPECT_EQ(both[99].item<std::int64_t>(), 1);
  EXPECT_EQ(both[101].item<std::int64_t>(), 17);
  EXPECT_EQ(both[199].item<std::int64_t>(), 31 - 0);
  EXPECT_EQ(both[0].item<std::int64_t>(), 15);
}

TEST(RelativeBuckets, AStepWithAPastIsARowOfTheWhole) {
  const torch::Tensor whole = relative_buckets(9, 9, 0, false, 8, 20);
  EXPECT_TRUE(torch::equal(relative_buckets(2, 9, 7, false, 8, 20), whole.narrow(0, 7, 2)));
  EXPECT_EQ(whole[2][6].item<std::int64_t>(), 0);
}

}  // namespace
}  // namespace everform
