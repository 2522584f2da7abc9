#include "everform/workbench/training/plan.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <thread>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/workbench/training/run_folder.h"
#include "everform/workbench/training/tensor_files.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/training/child_process.h"
#include "tests/workbench/training/tiny_job.h"

namespace everform {
namespace {

using test::tiny_job;
using test::TinyJob;

class PlanTest : public testing::Test {
 protected:
  void SetUp() override {
    set_quiet(true);
    at::set_num_threads(1);
  }
  void TearDown() override { set_quiet(false); }
  std::filesystem::path run() const { return folder_.path() / "run"; }
  std::filesystem::path store() const { return folder_.path() / "store"; }

  /// A stage that counts how often it trains, and dies at `dies_at` where that is positive.
  Stage stage(const nlohmann::json& key, std::int64_t dies_at = 0) {
    return {.name = "codec",
            .key = key,
            .train = [this, dies_at](const std::filesystem::path& folder, bool resume) {
              ++trained_;
              resumed_ += resume ? 1 : 0;
              TinyJob tiny = tiny_job({"training.checkpoint_every=2", "training.evaluate_every=1"});
              tiny.job.evaluate = [&](std::int64_t step) -> std::map<std::string, double> {
                first_step_ = std::min(first_step_, step);
                if (step == dies_at) {
                  throw Error(ErrorKind::kFailed, "dying", "as told");
                }
                return {};
              };
              train(tiny.job, folder, resume);
            }};
  }

  test::TemporaryFolder folder_;
  int trained_ = 0;
  int resumed_ = 0;
  std::int64_t first_step_ = 1000;
};

TEST_F(PlanTest, AFinishedStageIsFoundAgain) {
  TrainingPlan plan(run(), store());
  const StageResult first = plan.run(stage({{"width", 8}}));
  EXPECT_FALSE(first.reused);
  EXPECT_EQ(run_state(first.folder), RunState::kFinished);
  const StageResult again = TrainingPlan(folder_.path() / "another run", store()).run(stage({{"width", 8}}));
  EXPECT_TRUE(again.reused);
  EXPECT_EQ(again.folder, first.folder);
  EXPECT_EQ(trained_, 1);
  for (const char* name : {"run", "another run"}) {
    const auto kept = folder_.path() / name / "stages" / "codec";
    EXPECT_EQ(read_tensors(kept / "model.safetensors").size(), 5U) << "each run keeps what it needs";
    EXPECT_EQ(nlohmann::json::parse(read_file(kept / "stage.json")).at("width"), 8);
  }
}

TEST_F(PlanTest, AnotherKeyIsAnotherStage) {
  TrainingPlan plan(run(), store());
  const StageResult a = plan.run(stage({{"width", 8}}));
  const StageResult b = plan.run(stage({{"width", 9}}));
  EXPECT_NE(a.folder, b.folder);
  EXPECT_EQ(trained_, 2);
}

TEST_F(PlanTest, AStageThatWasCutOffGoesOn) {
  TrainingPlan plan(run(), store());
  EXPECT_THROW(plan.run(stage({{"width", 8}}, 9)), Error);
  first_step_ = 1000;
  const StageResult result = plan.run(stage({{"width", 8}}));
  EXPECT_FALSE(result.reused);
  EXPECT_EQ(resumed_, 1);
  EXPECT_EQ(first_step_, 9) << "after the checkpoint of step 8";
}

TEST_F(PlanTest, AKeyThatOnlySharesTheHashIsNotTaken) {
  TrainingPlan plan(run(), store());
  const StageResult first = plan.run(stage({{"width", 8}}));
  write_file(first.folder.parent_path() / "stage.json", "{\"width\": 80}\n");
  EXPECT_FALSE(plan.run(stage({{"width", 8}})).reused);
  EXPECT_EQ(trained_, 2);
  EXPECT_EQ(resumed_, 0);
}

TEST_F(PlanTest, Child) {
  const char* place = std::getenv("EVERFORM_TEST_STORE");
  if (place == nullptr) {
    GTEST_SKIP() << "runs as a child process";
  }
  TrainingPlan(std::filesystem::path(place) / std::getenv("EVERFORM_TEST_RUN"), place)
      .run(stage({{"width", 8}}));
  write_file(std::filesystem::path(place) / (std::string("trained-") + std::getenv("EVERFORM_TEST_RUN")),
             std::to_string(trained_));
}

TEST_F(PlanTest, TwoProcessesTrainAStageOnce) {
  std::filesystem::create_directory(store());
  std::vector<pid_t> children;
  for (const char* name : {"a", "b"}) {
    children.push_back(test::start_test(
        "PlanTest.Child", {{"EVERFORM_TEST_STORE", store().string()}, {"EVERFORM_TEST_RUN", name}}));
  }
  for (const pid_t child : children) {
    const int status = test::wait_for(child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  const std::string counts = read_file(store() / "trained-a") + read_file(store() / "trained-b");
  EXPECT_TRUE(counts == "01" || counts == "10") << counts;
}

}  // namespace
}  // namespace everform
