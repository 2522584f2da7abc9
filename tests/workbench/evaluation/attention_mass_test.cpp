#include "everform/workbench/evaluation/attention_mass.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"

namespace everform {
namespace {

TEST(AttentionMass, AveragesTheChosenProbabilities) {
  // [2 items, 1 head, 3 tokens, 3 keys], rows sum to 1.
  const torch::Tensor weights = torch::tensor({1.0F, 0.0F, 0.0F, 0.25F, 0.75F, 0.0F, 0.5F, 0.125F, 0.375F,  //
                                               1.0F, 0.0F, 0.0F, 0.5F, 0.5F, 0.0F, 0.0F, 1.0F, 0.0F})
                                    .view({2, 1, 3, 3});
  const torch::Tensor queries = torch::tensor({1, 2, 2, 2}, at::kLong).view({2, 2});
  const torch::Tensor keys = torch::tensor({1, 0, 1, 2}, at::kLong).view({2, 2});
  const auto masses = attention_mass({weights, torch::Tensor(), weights.expand({2, 3, 3, 3})}, queries, keys);
  ASSERT_EQ(masses.size(), 3U);
  ASSERT_EQ(masses[0].size(), 1U);
  EXPECT_DOUBLE_EQ(masses[0][0], (0.75 + 0.5 + 1.0 + 0.0) / 4);
  EXPECT_TRUE(masses[1].empty()) << "a mixer without attention weights";
  ASSERT_EQ(masses[2].size(), 3U);
  EXPECT_DOUBLE_EQ(masses[2][2], masses[0][0]);
}

TEST(AttentionMass, UniformIsOneOverTheVisibleKeys) {
  EXPECT_DOUBLE_EQ(uniform_attention_mass(torch::tensor({1, 3}, at::kLong).view({1, 2})), (0.5 + 0.25) / 2);
}

TEST(AttentionMass, RefusesIndicesOutside) {
  const torch::Tensor weights = torch::ones({1, 1, 2, 2});
  const auto index = [](std::int64_t value) { return torch::full({1, 1}, value, at::kLong); };
  EXPECT_THROW(attention_mass({weights}, index(2), index(0)), Error);
  EXPECT_THROW(attention_mass({weights}, index(0), index(-1)), Error);
  EXPECT_THROW(attention_mass({weights}, index(0), torch::zeros({1, 2}, at::kLong)), Error);
}

}  // namespace
}  // namespace everform
