#include "everform/workbench/training/prefetch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "everform/core/base/error.h"

namespace everform {
namespace {

TEST(BatchSlicesTest, CoverTheBatchOverAllProcesses) {
  for (const std::int64_t world : {1, 2, 3, 5}) {
    for (const std::int64_t micro : {0, 1, 2, 7, 100}) {
      std::int64_t next = 0;
      for (std::int64_t rank = 0; rank < world; ++rank) {
        for (const auto& slice :
             BatchSlices{.batch = 13, .micro_batch = micro, .rank = rank, .world = world}.slices()) {
          EXPECT_EQ(slice.first_item, next);
          EXPECT_GT(slice.items, 0);
          EXPECT_TRUE(micro == 0 || slice.items <= micro);
          next += slice.items;
        }
      }
      EXPECT_EQ(next, 13);
    }
  }
  EXPECT_THROW((BatchSlices{.batch = 2, .world = 3}.slices()), Error);
}

std::shared_ptr<GeneratedSource> numbers(std::atomic<int>* made = nullptr, std::int64_t fails_at = -1) {
  return std::make_shared<GeneratedSource>(
      [=](std::int64_t step, std::int64_t item) {
        if (made != nullptr) {
          ++*made;
        }
        if (step == fails_at) {
          throw std::runtime_error("no more");
        }
        Sample sample;
        sample.set("n", std::vector<std::int64_t>{step, item});
        return sample;
      },
      nullptr);
}

TEST(PrefetcherTest, KeepsTheOrder) {
  const auto slices = BatchSlices{.batch = 5, .micro_batch = 2}.slices();
  Prefetcher prefetcher(numbers(), slices, 3, 20, torch::kCPU, 2);
  for (std::int64_t step = 3; step < 20; ++step) {
    for (const auto& slice : slices) {
      const torch::Tensor batch = prefetcher.next().at("n");
      ASSERT_EQ(batch.size(0), slice.items);
      EXPECT_EQ(batch[0][0].item<std::int64_t>(), step);
      EXPECT_EQ(batch[0][1].item<std::int64_t>(), slice.first_item);
    }
  }
  EXPECT_THROW(prefetcher.next(), Error);
}

TEST(PrefetcherTest, ThrowsWhatTheSourceThrowsInItsTurn) {
  Prefetcher prefetcher(numbers(nullptr, 2), {{0, 1}}, 0, 10, torch::kCPU, 8);
  EXPECT_NO_THROW(prefetcher.next());
  EXPECT_NO_THROW(prefetcher.next());
  EXPECT_THROW(prefetcher.next(), std::runtime_error);
}

TEST(PrefetcherTest, EndsWhileItsThreadWaits) {
  std::atomic<int> made = 0;
  {
    Prefetcher prefetcher(numbers(&made), {{0, 1}}, 0, 1'000'000, torch::kCPU, 3);
    prefetcher.next();
  }
  EXPECT_LE(made, 5) << "no more than was asked for, what may wait, and one in the making";
}

}  // namespace
}  // namespace everform
