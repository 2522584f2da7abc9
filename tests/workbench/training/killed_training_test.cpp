// Trainings that are cut off at any point go on to the same end as those that are not.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/training/child_process.h"
#include "tests/workbench/training/crashing_file_system.h"
#include "tests/workbench/training/run_comparison.h"
#include "tests/workbench/training/tiny_job.h"

namespace everform {
namespace {

using test::CrashingFileSystem;
using test::tiny_job;
using test::TinyJob;
using Fate = CrashingFileSystem::Fate;

const std::vector<std::string>& settings() {
  static const std::vector<std::string> sets{
      "training.checkpoint_every=3", "training.log_every=2",        "training.ema=0.9",
      "training.steps=14",           "training.keep_checkpoints=1", "training.evaluate_every=5",
      "training.early_stop=100"};
  return sets;
}

TinyJob make_job() {
  TinyJob tiny = tiny_job(settings());
  tiny.job.evaluate = [model = tiny.model](std::int64_t) -> std::map<std::string, double> {
    return {{"loss", model->head.norm().item<double>()}};
  };
  return tiny;
}

class KilledTrainingTest : public testing::Test {
 protected:
  void SetUp() override {
    set_quiet(true);
    at::set_num_threads(1);
  }
  void TearDown() override { set_quiet(false); }
  test::TemporaryFolder folder_;
};

TEST_F(KilledTrainingTest, EndsTheSameAfterKillsAndPowerLoss) {
  const auto straight = folder_.path() / "straight";
  TinyJob whole = make_job();
  train(whole.job, straight, false);
  testing::internal::CaptureStderr();  // warnings about what the crashes broke
  int cut = 0;
  for (std::uint64_t trial = 0; trial < 25; ++trial) {
    const auto path = folder_.path() / std::to_string(trial);
    RunFolder::create(path, whole.job.recipe);
    RandomStream random(0, "training kills", trial);
    bool finished = false;
    for (int attempt = 0; !finished; ++attempt) {
      CrashingFileSystem disk(path);
      const std::size_t target = random.below(300);
      disk.decide = [&](std::size_t call, CrashingFileSystem::Kind) -> Fate {
        return {call == target && attempt < 4 ? Fate::What::kDies : Fate::What::kWorks, EIO};
      };
      TinyJob tiny = make_job();
      try {
        RunFolder run = RunFolder::resume(path, tiny.job.recipe, disk);
        train(tiny.job, run);
        finished = true;
      } catch (const Error& error) {
        ASSERT_TRUE(disk.dead()) << error.what();
        ++cut;
      }
      if (disk.dead() && random.bernoulli(0.7)) {
        disk.lose_power(random);
      }
    }
    test::expect_same_runs(path, straight);
  }
  testing::internal::GetCapturedStderr();
  EXPECT_GT(cut, 25);
}

// The body of the processes that the next test kills; alone it does nothing.
TEST_F(KilledTrainingTest, Child) {
  const char* run = std::getenv("EVERFORM_TEST_RUN");
  if (run == nullptr) {
    GTEST_SKIP() << "runs as a child process";
  }
  TinyJob tiny = make_job();
  const auto slow = tiny.job.evaluate;
  tiny.job.evaluate = [slow](std::int64_t step) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return slow(step);
  };
  train(tiny.job, run, true);
}

TEST_F(KilledTrainingTest, EndsTheSameAfterRealKills) {
  const auto straight = folder_.path() / "straight";
  TinyJob whole = make_job();
  train(whole.job, straight, false);
  const auto path = folder_.path() / "killed";
  int killed = 0;
  for (std::uint64_t attempt = 0; run_state(path) != RunState::kFinished; ++attempt) {
    ASSERT_LT(attempt, 60U);
    const pid_t child = test::start_test("KilledTrainingTest.Child", {{"EVERFORM_TEST_RUN", path.string()}});
    // From before the run exists to after its end; the last attempts are left alone.
    RandomStream random(1, "real kills", attempt);
    if (attempt < 8) {
      const auto begin = std::chrono::steady_clock::now();
      const auto limit = std::chrono::seconds(20);
      const bool began = random.bernoulli(0.8);
      while (began && !std::filesystem::exists(path / "metrics.jsonl") &&
             std::chrono::steady_clock::now() - begin < limit) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(random.below(60)));
      kill(child, SIGKILL);
    }
    const int status = test::wait_for(child);
    killed += WIFSIGNALED(status) ? 1 : 0;
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
  }
  EXPECT_GT(killed, 0);
  test::expect_same_runs(path, straight);
}

}  // namespace
}  // namespace everform
