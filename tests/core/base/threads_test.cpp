#include "everform/core/base/threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "everform/core/base/error.h"

namespace everform {
namespace {

TEST(ChooseThreads, TakesWhatIsAskedAndRefusesNonsense) {
  EXPECT_EQ(choose_threads(3).threads, 3);
  EXPECT_GE(choose_threads().threads, 1);
  EXPECT_FALSE(choose_threads().reason.empty());
  EXPECT_THROW(choose_threads(0), Error);
  EXPECT_THROW(choose_threads(-4), Error);
  EXPECT_THROW(choose_threads(100'000), Error);
}

TEST(ThreadPool, VisitsEveryIndexOnce) {
  for (const int threads : {1, 2, 5}) {
    ThreadPool pool(threads);
    std::vector<std::atomic<int>> visits(1003);
    for (int round = 0; round < 20; ++round) {
      pool.parallel_for(visits.size(), 10, [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          ++visits[i];
        }
      });
    }
    for (const auto& count : visits) {
      ASSERT_EQ(count, 20);
    }
  }
}

TEST(ThreadPool, ChunksDoNotDependOnThreads) {
  const auto chunks_with = [](int threads) {
    ThreadPool pool(threads);
    std::vector<std::size_t> ends(100, 0);
    pool.parallel_for(100, 7, [&](std::size_t begin, std::size_t end) { ends[begin] = end; });
    return ends;
  };
  EXPECT_EQ(chunks_with(1), chunks_with(4));
}

TEST(ThreadPool, AnExceptionReachesTheCaller) {
  ThreadPool pool(3);
  EXPECT_THROW(pool.parallel_for(100, 1,
                                 [](std::size_t begin, std::size_t) {
                                   if (begin == 50) {
                                     throw std::runtime_error("x");
                                   }
                                 }),
               std::runtime_error);
  std::atomic<int> count{0};
  pool.parallel_for(10, 1, [&](std::size_t, std::size_t) { ++count; });
  EXPECT_EQ(count, 10);
}

TEST(ThreadPool, NestedCallsWork) {
  ThreadPool pool(2);
  std::atomic<int> count{0};
  pool.parallel_for(4, 1, [&](std::size_t, std::size_t) {
    pool.parallel_for(8, 1, [&](std::size_t, std::size_t) { ++count; });
  });
  EXPECT_EQ(count, 32);
}

}  // namespace
}  // namespace everform
