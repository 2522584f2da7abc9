#include "everform/core/io/quantize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/base/threads.h"
#include "everform/core/io/grid_fit.h"

namespace everform {
namespace {

const ElementType kBlockTypes[] = {ElementType::kQ4_0, ElementType::kQ4_1, ElementType::kQ5_0,
                                   ElementType::kQ5_1, ElementType::kQ8_0, ElementType::kQ4_K,
                                   ElementType::kQ5_K, ElementType::kQ6_K};

std::vector<float> normal_weights(std::size_t count, float deviation = 0.05F) {
  std::vector<float> weights(count);
  RandomStream(7, "test.quantize").fill_normal(weights, 0.0F, deviation);
  return weights;
}

std::vector<float> round_trip(ElementType type, const std::vector<float>& weights) {
  const std::vector<std::byte> data = quantize(type, weights, "w");
  std::vector<float> back(weights.size());
  dequantize(type, data, back);
  return back;
}

double relative_error(const std::vector<float>& weights, const std::vector<float>& back) {
  double error = 0.0;
  double size = 0.0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    error += (weights[i] - back[i]) * (weights[i] - back[i]);
    size += weights[i] * weights[i];
  }
  return error / size;
}

TEST(Quantize, Q8_0IsAtMostHalfAStepOff) {
  const std::vector<float> weights = normal_weights(32 * 400);
  const std::vector<std::byte> data = quantize(ElementType::kQ8_0, weights, "w");
  const std::vector<float> back = round_trip(ElementType::kQ8_0, weights);
  for (std::size_t block = 0; block < 400; ++block) {
    std::uint16_t bits;
    std::memcpy(&bits, &data[block * 34], sizeof bits);
    const float step = half_to_float(bits);
    for (std::size_t i = block * 32; i < block * 32 + 32; ++i) {
      EXPECT_LE(std::abs(weights[i] - back[i]), 0.5F * step * (1.0F + 1e-6F)) << i;
    }
  }
}

TEST(Quantize, GaussianWeightsStayWithinEachTypesError) {
  // Bounds a little above what a good scale search reaches on normal weights.
  const std::pair<ElementType, double> bounds[] = {
      {ElementType::kQ4_0, 7.0e-3}, {ElementType::kQ4_1, 5.2e-3}, {ElementType::kQ5_0, 1.75e-3},
      {ElementType::kQ5_1, 1.2e-3}, {ElementType::kQ8_0, 3.0e-5}, {ElementType::kQ4_K, 5.3e-3},
      {ElementType::kQ5_K, 1.3e-3}, {ElementType::kQ6_K, 3.0e-4}, {ElementType::kF16, 1e-7},
      {ElementType::kBF16, 4e-6}};
  const std::vector<float> weights = normal_weights(256 * 200);
  for (const auto& [type, bound] : bounds) {
    EXPECT_LT(relative_error(weights, round_trip(type, weights)), bound) << element_name(type);
  }
}

/// The reference quantizer of Q4_0: the largest weight lands on level -8.
std::vector<float> without_search(const std::vector<float>& weights) {
  std::vector<float> back;
  for (std::size_t block = 0; block < weights.size(); block += 32) {
    float largest = 0.0F;
    for (std::size_t i = block; i < block + 32; ++i) {
      largest = std::abs(weights[i]) > std::abs(largest) ? weights[i] : largest;
    }
    const float scale = half_to_float(float_to_half(largest / -8.0F));
    for (std::size_t i = block; i < block + 32; ++i) {
      back.push_back(scale * static_cast<float>(nearest_level(weights[i], scale, -8, 7)));
    }
  }
  return back;
}

TEST(Quantize, TheSearchBeatsTheLargestWeightRule) {
  const std::vector<float> weights = normal_weights(32 * 2000);
  const double searched = relative_error(weights, round_trip(ElementType::kQ4_0, weights));
  EXPECT_LT(searched, 0.93 * relative_error(weights, without_search(weights)));
}

TEST(Quantize, WeightsOnAGridComeBackExactly) {
  // Scales that halves and 6-bit integers hold exactly: whatever the search tries, the true grid has no
  // error.
  std::vector<float> weights(256);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = 0.125F * static_cast<float>(i * 5 % 16) - 1.0F;
  }
  for (const ElementType type :
       {ElementType::kQ4_0, ElementType::kQ4_1, ElementType::kQ5_0, ElementType::kQ5_1}) {
    EXPECT_EQ(round_trip(type, weights), weights) << element_name(type);
  }
}

TEST(Quantize, ExtremesAreHeld) {
  for (const ElementType type : kBlockTypes) {
    const std::vector<float> zeros(256, 0.0F);
    EXPECT_EQ(round_trip(type, zeros), zeros) << element_name(type);
    for (const float value : {3.0F, -3.0F, 1e-4F, 60000.0F}) {
      const std::vector<float> constant(256, value);
      for (const float back : round_trip(type, constant)) {
        EXPECT_NEAR(back, value, std::abs(value) * 0.02F + 1e-7F) << element_name(type);
      }
    }
    std::vector<float> spike(256, 0.0F);
    spike[100] = -7.0F;
    EXPECT_NEAR(round_trip(type, spike)[100], -7.0F, 0.02F) << element_name(type);
    for (const float back : round_trip(type, std::vector<float>(256, 1e-30F))) {
      EXPECT_LT(std::abs(back), 1e-6F);
    }
  }
}

TEST(Quantize, DoesNotDependOnThreads) {
  const std::vector<float> weights = normal_weights(256 * 600);
  set_default_threads(1);
  std::vector<std::vector<std::byte>> alone;
  for (const ElementType type : kBlockTypes) {
    alone.push_back(quantize(type, weights, "w"));
  }
  set_default_threads(4);
  for (std::size_t i = 0; i < std::size(kBlockTypes); ++i) {
    EXPECT_EQ(quantize(kBlockTypes[i], weights, "w"), alone[i]);
  }
}

TEST(Quantize, RefusesWhatATypeCannotHold) {
  std::vector<float> weights(256, 1.0F);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e6F}) {
    weights[17] = bad;
    for (const ElementType type : kBlockTypes) {
      EXPECT_THROW(quantize(type, weights, "w"), Error) << element_name(type);
    }
    EXPECT_NO_THROW(quantize(ElementType::kBF16, weights, "w"));
    EXPECT_NO_THROW(quantize(ElementType::kF32, weights, "w"));
  }
  EXPECT_THROW(quantize(ElementType::kF16, weights, "w"), Error);  // 1e6 would become infinite
  EXPECT_THROW(quantize(ElementType::kI32, weights, "w"), Error);
  EXPECT_THROW(quantize(ElementType::kQ2_K, weights, "w"), Error);
  EXPECT_THROW(quantize(ElementType::kQ4_0, std::span(weights).first(31), "w"), Error);
}

TEST(TypeForRows, FallsBackAsLlamaCppDoes) {
  using enum ElementType;
  EXPECT_EQ(type_for_rows(kQ4_K, 512), kQ4_K);
  EXPECT_EQ(type_for_rows(kQ4_K, 576), kQ5_0);
  EXPECT_EQ(type_for_rows(kQ5_K, 576), kQ5_1);
  EXPECT_EQ(type_for_rows(kQ6_K, 576), kQ8_0);
  for (const ElementType type : {kQ4_K, kQ5_K, kQ6_K, kQ4_0, kQ4_1, kQ5_0, kQ5_1, kQ8_0}) {
    EXPECT_EQ(type_for_rows(type, 40), kF16);
  }
  EXPECT_EQ(type_for_rows(kF32, 40), kF32);
  EXPECT_EQ(type_for_rows(kBF16, 40), kBF16);
}

TEST(GridFit, FindsHiddenGrids) {
  RandomStream random(3, "test.grid");
  for (int trial = 0; trial < 200; ++trial) {
    const auto scale = static_cast<float>(random.uniform(0.001, 2.0));
    const auto offset = static_cast<float>(random.uniform(-3.0, 0.0));
    std::vector<float> symmetric(32);
    std::vector<float> affine(32);
    for (int i = 0; i < 32; ++i) {
      // Every level is used, so that no coarser grid explains the weights as well.
      symmetric[i] = scale * static_cast<float>(i % 16 - 8);
      affine[i] = scale * static_cast<float>(i % 16) + offset;
    }
    random.shuffle(symmetric);
    random.shuffle(affine);
    EXPECT_NEAR(std::abs(fit_symmetric_grid(symmetric, 8)), scale, 1e-5F * scale);
    const AffineGrid grid = fit_affine_grid(affine, 15, true);
    EXPECT_NEAR(grid.scale, scale, 1e-4F * scale);
    EXPECT_NEAR(grid.offset, offset, 1e-3F * scale);
  }
}

TEST(GridFit, KeepsTheOffsetBelowZeroWhereAsked) {
  std::vector<float> weights(32);
  std::iota(weights.begin(), weights.end(), 5.0F);
  EXPECT_LE(fit_affine_grid(weights, 15, true).offset, 0.0F);
  EXPECT_GT(fit_affine_grid(weights, 15, false).offset, 0.0F);
}

}  // namespace
}  // namespace everform
