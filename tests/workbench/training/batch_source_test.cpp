#include "everform/workbench/training/batch_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/workbench/training/permutation.h"

namespace everform {
namespace {

TEST(PermutationTest, VisitsEveryElementOnce) {
  for (const std::uint64_t size : {1, 2, 3, 4, 5, 16, 17, 1000, 4097}) {
    const Permutation order(size, 3, 5);
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < size; ++i) {
      seen.insert(order(i));
    }
    EXPECT_EQ(seen.size(), size);
    EXPECT_EQ(*seen.rbegin(), size - 1);
  }
}

TEST(PermutationTest, DiffersBySeedAndEpochAndLooksShuffled) {
  constexpr std::uint64_t kSize = 997;
  const auto order = [](std::uint64_t seed, std::uint64_t epoch) {
    const Permutation permutation(kSize, seed, epoch);
    std::vector<double> values;
    for (std::uint64_t i = 0; i < kSize; ++i) {
      values.push_back(static_cast<double>(permutation(i)));
    }
    return values;
  };
  const auto correlation = [](const std::vector<double>& a, const std::vector<double>& b) {
    const double mean = (kSize - 1) / 2.0;
    double covariance = 0;
    double variance = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      covariance += (a[i] - mean) * (b[i] - mean);
      variance += (a[i] - mean) * (a[i] - mean);
    }
    return covariance / variance;
  };
  const auto first = order(0, 0);
  EXPECT_EQ(first, order(0, 0));
  std::vector<double> identity;
  for (std::uint64_t i = 0; i < kSize; ++i) {
    identity.push_back(static_cast<double>(i));
  }
  // Four standard deviations of a random permutation's correlation, 1/sqrt(n - 1).
  for (const auto& other : {identity, order(0, 1), order(1, 0)}) {
    EXPECT_LT(std::abs(correlation(first, other)), 4.0 / std::sqrt(kSize - 1.0));
  }
}

TEST(PermutationTest, EverythingBeyondThirtyTwoBits) {
  constexpr std::uint64_t kSize = (std::uint64_t{1} << 40) + 12345;
  const Permutation order(kSize, 1, 2);
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint64_t value = order(kSize - 1 - i);
    EXPECT_LT(value, kSize);
    seen.insert(value);
  }
  EXPECT_EQ(seen.size(), 1000U);
}

Sample ragged(std::vector<std::int64_t> ids, Collate collate, double padding = 0) {
  Sample sample;
  const auto length = static_cast<std::int64_t>(ids.size());
  sample.arrays["ids"] = {{length}, std::move(ids), collate, padding};
  return sample;
}

TEST(CollateTest, StacksEveryType) {
  std::vector<Sample> samples(2);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto value = static_cast<float>(i);
    samples[i].arrays["x"] = {{2, 3}, std::vector<float>(6, value + 0.5F), Collate::kStack, 0};
    samples[i].arrays["class"] = {
        {}, std::vector<std::int64_t>{static_cast<std::int64_t>(i) + 7}, Collate::kStack, 0};
    samples[i].set("mask", std::vector<std::uint8_t>{1, 0});
  }
  const Batch batch = collate(samples);
  EXPECT_EQ(batch.items(), 2);
  EXPECT_EQ(batch.at("x").sizes(), (at::IntArrayRef{2, 2, 3}));
  EXPECT_EQ(batch.at("x").scalar_type(), at::kFloat);
  EXPECT_TRUE(torch::equal(batch.at("x")[1], torch::full({2, 3}, 1.5)));
  EXPECT_TRUE(torch::equal(batch.at("class"), torch::tensor({7, 8}, at::kLong)));
  EXPECT_EQ(batch.at("mask").scalar_type(), at::kByte);
  EXPECT_EQ(batch.sum_of("mask"), 2.0);
}

TEST(CollateTest, PadsToTheLongest) {
  const std::vector<Sample> samples{ragged({1, 2}, Collate::kPad, -1), ragged({}, Collate::kPad, -1),
                                    ragged({3, 4, 5}, Collate::kPad, -1)};
  const Batch batch = collate(samples);
  EXPECT_TRUE(
      torch::equal(batch.at("ids"), torch::tensor({1, 2, -1, -1, -1, -1, 3, 4, 5}, at::kLong).view({3, 3})));
  EXPECT_TRUE(torch::equal(batch.at("ids.lengths"), torch::tensor({2, 0, 3}, at::kLong)));
}

TEST(CollateTest, PacksWithOffsets) {
  const std::vector<Sample> samples{ragged({1, 2}, Collate::kPack), ragged({}, Collate::kPack),
                                    ragged({3}, Collate::kPack)};
  const Batch batch = collate(samples);
  EXPECT_EQ(batch.items(), 3);
  EXPECT_TRUE(torch::equal(batch.at("ids"), torch::tensor({1, 2, 3}, at::kLong)));
  EXPECT_TRUE(torch::equal(batch.at("ids.offsets"), torch::tensor({0, 2, 2, 3}, at::kLong)));
}

TEST(CollateTest, RefusesSamplesThatDoNotAgree) {
  const auto refused = [](std::vector<Sample> samples) {
    try {
      collate(samples);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      return true;
    }
    return false;
  };
  EXPECT_TRUE(refused({ragged({1, 2}, Collate::kStack), ragged({1}, Collate::kStack)}));
  EXPECT_TRUE(refused({ragged({1, 2}, Collate::kPad), ragged({1}, Collate::kPack)}));
  EXPECT_TRUE(refused({ragged({1}, Collate::kStack), Sample()}));
  Sample real;
  real.arrays["ids"] = {{1}, std::vector<float>{1}, Collate::kStack, 0};
  EXPECT_TRUE(refused({ragged({1}, Collate::kStack), real}));
  Sample lies = ragged({1, 2}, Collate::kStack);
  lies.arrays["ids"].shape = {3};
  EXPECT_TRUE(refused({lies}));
  Sample other;
  other.set("other", std::vector<std::int64_t>{1});
  EXPECT_TRUE(refused({ragged({1}, Collate::kStack), other}));
}

TEST(DataSetSourceTest, EveryEpochIsAPermutationAndSplitsDoNotMatter) {
  const auto element = [](std::int64_t index, std::int64_t epoch) {
    Sample sample;
    sample.set("index", std::vector<std::int64_t>{index, epoch});
    return sample;
  };
  // 10 elements in batches of 4: the epochs do not end with a batch.
  const DataSetSource source({.size = 10, .batch = 4, .seed = 3}, element, "ten");
  std::map<std::int64_t, std::vector<std::int64_t>> by_epoch;
  for (std::int64_t step = 0; step < 5; ++step) {
    const Batch whole = source.batch(step, 0, 4);
    const torch::Tensor parts =
        torch::cat({source.batch(step, 0, 1).at("index"), source.batch(step, 1, 3).at("index")});
    EXPECT_TRUE(torch::equal(whole.at("index"), parts));
    for (std::int64_t item = 0; item < 4; ++item) {
      by_epoch[parts[item][1].item<std::int64_t>()].push_back(parts[item][0].item<std::int64_t>());
    }
  }
  ASSERT_EQ(by_epoch.size(), 2U);
  EXPECT_NE(by_epoch[0], by_epoch[1]);
  for (auto& [epoch, indices] : by_epoch) {
    std::sort(indices.begin(), indices.end());
    EXPECT_EQ(indices, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
  }
  EXPECT_NE(source.identity(), DataSetSource({.size = 10, .batch = 4, .seed = 4}, element, "ten").identity());
  EXPECT_THROW(DataSetSource({.size = 0}, element, "none"), Error);
}

}  // namespace
}  // namespace everform
