#include "everform/core/decoding/kernels/activation_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "everform/core/base/random.h"
#include "everform/core/decoding/kernels/block_quantizer.h"
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
      EXPECT_EQ(x.int8_block(0, b).scale, greatest / 127.0F);
      int sums[2] = {0, 0};
      for (std::size_t k = 32 * b; k < 32 * b + 32; ++k) {
        const float value = k < inputs ? values[k] : 0.0F;
        ASSERT_EQ(x.int8_block(0, b).quants[k % 32], std::nearbyint(value * (127.0F / greatest)))
            << inputs << " input " << k;
        sums[k / 16 % 2] += x.int8_block(0, b).quants[k % 32];
      }
      EXPECT_EQ(x.int8_block(0, b).minus_32_halves[0], -32 * sums[0]);
      EXPECT_EQ(x.int8_block(0, b).minus_32_halves[1], -32 * sums[1]);
      EXPECT_EQ(x.int8_block(0, b).minus_8_sums, -8 * (sums[0] + sums[1]));
      EXPECT_EQ(x.int8_block(0, b).minus_128_sums, -128 * (sums[0] + sums[1]));
      EXPECT_EQ(x.int8_block(0, b).scaled_sum,
                x.int8_block(0, b).scale * static_cast<float>(sums[0] + sums[1]));
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
  EXPECT_EQ(x.float_block(1, 1)[13], 0.0F);
  EXPECT_EQ(x.float_block(1, 1)[31], 0.0F);
  x.resize(ActivationPrecision::kBFloat16, 2, 45);
  x.set(1, values);
  x.read(1, read);
  for (std::size_t k = 0; k < 45; ++k) {
    EXPECT_EQ(read[k], bfloat16_to_float(float_to_bfloat16(values[k])));
  }
  EXPECT_EQ(x.bfloat16_block(1, 1)[31], 0);
}

TEST(ActivationRows, BlocksThatAreNotFiniteOrNearZero) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const float bad : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    std::vector<float> values = random_values(96);
    values[40] = bad;
    const ActivationRows x = int8_row(values);
    EXPECT_TRUE(std::isnan(x.int8_block(0, 1).scale));
    EXPECT_TRUE(std::isnan(x.int8_block(0, 1).scaled_sum));
    EXPECT_TRUE(std::isfinite(x.int8_block(0, 0).scale));
    EXPECT_TRUE(std::isfinite(x.int8_block(0, 2).scale));
  }
  for (const float small : {0.0F, 1e-31F, 1e-40F}) {
    const ActivationRows x = int8_row(std::vector<float>(32, small));
    EXPECT_EQ(x.int8_block(0, 0).scale, 0.0F);
    EXPECT_EQ(x.int8_block(0, 0).quants[5], 0);
  }
  const ActivationRows large = int8_row(std::vector<float>(32, std::numeric_limits<float>::max()));
  EXPECT_EQ(large.int8_block(0, 0).quants[9], 127);
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
  for (std::size_t b = 0; b < alone.blocks(); ++b) {
    const auto one = alone.int8_block(0, b);
    const auto same = many.int8_block(5, b);
    EXPECT_EQ(std::memcmp(one.quants, same.quants, 32), 0);
    EXPECT_EQ(one.scale, same.scale);
    EXPECT_EQ(one.scaled_sum, same.scaled_sum);
    EXPECT_EQ(one.minus_32_halves[1], same.minus_32_halves[1]);
  }
}

TEST(ActivationRows, TilesCoverEveryRowOnce) {
  for (std::size_t rows = 1; rows < 70; ++rows) {
    ActivationRows x;
    x.resize(ActivationPrecision::kFloat32, rows, 32);
    for (std::size_t row = 0; row < rows;) {
      const auto tile = x.tile_of(row);
      ASSERT_EQ(tile.first, row) << "of " << rows;
      ASSERT_LE(row + tile.width, rows);
      for (std::size_t r = row; r < row + tile.width; ++r) {
        ASSERT_EQ(x.tile_of(r).first, row);
        ASSERT_EQ(x.tile_of(r).row, r - row);
      }
      row += tile.width;
    }
  }
}

TEST(ActivationRows, QuantizersAgreeBitForBit) {
  const std::vector<BlockQuantizer> quantizers = supported_block_quantizers();
  for (std::uint64_t item = 0; item < 300; ++item) {
    std::vector<float> values = random_values(32, item);
    if (item % 10 == 9) {
      values[item % 32] = item % 20 == 9 ? std::numeric_limits<float>::infinity() : 1e-38F;
    }
    std::vector<std::vector<std::byte>> blocks;
    for (const BlockQuantizer quantize : quantizers) {
      blocks.emplace_back(2 * ActivationRows::kInt8BlockBytes, std::byte{0});
      quantize(values.data(), {.block = blocks.back().data(), .width = 2, .row = 1});
      EXPECT_EQ(blocks.back(), blocks.front());
    }
  }
}

}  // namespace
}  // namespace everform
