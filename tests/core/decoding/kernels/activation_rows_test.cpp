#include "everform/core/decoding/kernels/activation_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "everform/core/base/random.h"
#include "everform/core/io/element_type.h"

namespace everform {
namespace {

std::vector<float> random_values(std::size_t count, std::uint64_t item = 0) {
  std::vector<float> values(count);
  RandomStream(4, "rows", 0, item).fill_normal(values, 0.0F, 3.0F);
  return values;
}

ActivationRows int8_row(const std::vector<float>& values) {
  ActivationRows x;
  x.resize(ActivationPrecision::kInt8, 1, values.size());
  x.set(0, values);
  return x;
}

TEST(ActivationRows, Int8FollowsItsFormula) {
  for (const std::size_t inputs : {32, 64, 576, 70, 1, 31}) {
    const std::vector<float> values = random_values(inputs);
    const ActivationRows x = int8_row(values);
    for (std::size_t b = 0; b < x.blocks(); ++b) {
      float greatest = 0;
      for (std::size_t k = 32 * b; k < std::min(32 * b + 32, inputs); ++k) {
        greatest = std::max(greatest, std::abs(values[k]));
      }
      EXPECT_EQ(x.scales(0)[b], greatest / 127.0F);
      int sums[2] = {0, 0};
      for (std::size_t k = 32 * b; k < 32 * b + 32; ++k) {
        const float value = k < inputs ? values[k] : 0.0F;
        ASSERT_EQ(x.quants(0)[k], std::nearbyint(value * (127.0F / greatest))) << inputs << " input " << k;
        sums[k / 16 % 2] += x.quants(0)[k];
      }
      EXPECT_EQ(x.minus_half_sums(0)[2 * b], -sums[0]);
      EXPECT_EQ(x.minus_half_sums(0)[2 * b + 1], -sums[1]);
      EXPECT_EQ(x.minus_sums(0)[b], -sums[0] - sums[1]);
      EXPECT_EQ(x.scaled_sums(0)[b], x.scales(0)[b] * static_cast<float>(sums[0] + sums[1]));
    }
  }
}

TEST(ActivationRows, OtherFormsKeepOrRoundTheValues) {
  const std::vector<float> values = random_values(45);
  ActivationRows x;
  std::vector<float> read(45);
  x.resize(ActivationPrecision::kFloat32, 2, 45);
  x.set(1, values);
  x.read(1, read);
  EXPECT_EQ(read, values);
  EXPECT_EQ(x.floats(1)[45], 0.0F);
  EXPECT_EQ(x.floats(1)[63], 0.0F);
  x.resize(ActivationPrecision::kBFloat16, 2, 45);
  x.set(1, values);
  x.read(1, read);
  for (std::size_t k = 0; k < 45; ++k) {
    EXPECT_EQ(read[k], bfloat16_to_float(float_to_bfloat16(values[k])));
  }
  EXPECT_EQ(x.bfloat16s(1)[63], 0);
}

TEST(ActivationRows, BlocksThatAreNotFiniteOrNearZero) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> values = random_values(96);
    values[40] = bad;
    const ActivationRows x = int8_row(values);
    EXPECT_TRUE(std::isnan(x.scales(0)[1]));
    EXPECT_TRUE(std::isnan(x.scaled_sums(0)[1]));
    EXPECT_TRUE(std::isfinite(x.scales(0)[0]));
    EXPECT_TRUE(std::isfinite(x.scales(0)[2]));
  }
  for (const float small : {0.0F, 1e-31F, 1e-40F}) {
    const ActivationRows x = int8_row(std::vector<float>(32, small));
    EXPECT_EQ(x.scales(0)[0], 0.0F);
    EXPECT_EQ(x.quants(0)[5], 0);
  }
  const ActivationRows large = int8_row(std::vector<float>(32, std::numeric_limits<float>::max()));
  EXPECT_EQ(large.quants(0)[9], 127);
}

TEST(ActivationRows, ARowDoesNotDependOnTheOthers) {
  const std::vector<float> values = random_values(100, 7);
  const ActivationRows alone = int8_row(values);
  ActivationRows many;
  many.resize(ActivationPrecision::kFloat32, 3, 1000);
  many.resize(ActivationPrecision::kInt8, 9, 100);
  for (std::size_t r = 0; r < 9; ++r) {
    many.set(r, r == 5 ? values : random_values(100, r));
  }
  EXPECT_EQ(std::memcmp(many.quants(5), alone.quants(0), 128), 0);
  EXPECT_EQ(std::memcmp(many.scales(5), alone.scales(0), 4 * sizeof(float)), 0);
}

}  // namespace
}  // namespace everform
