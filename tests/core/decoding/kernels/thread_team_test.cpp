#include "everform/core/decoding/kernels/thread_team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

namespace everform {
namespace {

TEST(ThreadTeam, RunsEveryItemOnceInManySmallStages) {
  for (const int threads : {1, 2, 3, 8}) {
    ThreadTeam team(threads);
    EXPECT_EQ(team.threads(), threads);
    for (std::size_t stage = 0; stage < 3000; ++stage) {
      const std::size_t items = stage % 7;
      // Plain counters: a stage's end makes what its bodies wrote visible.
      std::vector<int> counts(items, 0);
      team.run(items, [&](std::size_t item) { ++counts[item]; });
      ASSERT_EQ(counts, std::vector<int>(items, 1)) << threads << " threads, stage " << stage;
    }
  }
}

TEST(ThreadTeam, StagesSeeWhatEarlierStagesWrote) {
  ThreadTeam team(2);
  std::vector<std::size_t> values(64, 1);
  for (int stage = 0; stage < 2000; ++stage) {
    std::vector<std::size_t> next(64);
    team.run(64, [&](std::size_t i) { next[i] = values[(i + 1) % 64] + values[i]; });
    for (std::size_t& value : next) {
      value %= 1009;
    }
    for (std::size_t i = 0; i < 64; ++i) {
      ASSERT_EQ(next[i], (values[(i + 1) % 64] + values[i]) % 1009);
    }
    values = next;
  }
}

// Waits, for ten seconds at most, until as many bodies as `wanted` are inside at once.
bool meet(std::atomic<int>& inside, int wanted) {
  ++inside;
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (inside < wanted) {
    if (std::chrono::steady_clock::now() > limit) {
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

TEST(ThreadTeam, UsesItsThreadsAndNoMore) {
  ThreadTeam team(3);
  std::mutex lock;
  std::set<std::thread::id> ids;
  for (int stage = 0; stage < 20; ++stage) {
    std::atomic<int> inside{0};
    team.run(3, [&](std::size_t) {
      EXPECT_TRUE(meet(inside, 3));
      const std::lock_guard guard(lock);
      ids.insert(std::this_thread::get_id());
    });
    team.run(30, [&](std::size_t) {
      const std::lock_guard guard(lock);
      ids.insert(std::this_thread::get_id());
    });
  }
  EXPECT_EQ(ids.size(), 3U);
}

TEST(ThreadTeam, ASlowItemDelaysNoOther) {
  ThreadTeam team(2);
  std::atomic<int> by_others{0};
  const auto slow = [&](std::size_t item) {
    if (item == 0) {
      const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
      while (by_others < 99 && std::chrono::steady_clock::now() < limit) {
        std::this_thread::yield();
      }
      return;
    }
    ++by_others;
  };
  team.run(100, slow);
  EXPECT_EQ(by_others, 99);
}

TEST(ThreadTeam, CarriesExceptionsAndGoesOn) {
  ThreadTeam team(2);
  for (int round = 0; round < 200; ++round) {
    try {
      team.run(10, [&](std::size_t item) {
        if (item % 3 == 2) {
          throw std::runtime_error("item " + std::to_string(item));
        }
      });
      FAIL() << "nothing was thrown";
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(std::string(error.what()).substr(0, 5), "item ");
    }
    std::atomic<int> count{0};
    team.run(10, [&](std::size_t) { ++count; });
    EXPECT_EQ(count, 10);
  }
}

TEST(ThreadTeam, ASecondCallerWaits) {
  ThreadTeam team(2);
  std::vector<std::thread> callers;
  std::atomic<int> inside{0};
  std::atomic<bool> overlapped{false};
  std::atomic<long> total{0};
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&, c] {
      for (int stage = 0; stage < 200; ++stage) {
        team.run(5, [&, c](std::size_t) {
          // Two of a kind may be inside; two kinds may not.
          const int mine = 1 << (8 * c);
          const int before = inside.fetch_add(mine);
          overlapped = overlapped || (before & ~(255 << (8 * c))) != 0;
          ++total;
          inside.fetch_sub(mine);
        });
      }
    });
  }
  for (std::thread& caller : callers) {
    caller.join();
  }
  EXPECT_FALSE(overlapped);
  EXPECT_EQ(total, 4 * 200 * 5);
}

TEST(ThreadTeam, AStageInsideAStageRunsInPlace) {
  ThreadTeam team(2);
  std::atomic<int> count{0};
  team.run(4, [&](std::size_t) { team.run(3, [&](std::size_t) { ++count; }); });
  EXPECT_EQ(count, 12);
}

TEST(ThreadTeam, WakesAfterSleeping) {
  ThreadTeam team(2);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::atomic<int> inside{0};
    team.run(2, [&](std::size_t) { EXPECT_TRUE(meet(inside, 2)); });
  }
}

}  // namespace
}  // namespace everform
