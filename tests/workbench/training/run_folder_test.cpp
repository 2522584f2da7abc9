#include "everform/workbench/training/run_folder.h"

#include <gtest/gtest.h>

#include <fstream>

#include "everform/core/base/error.h"
#include "everform/core/io/image.h"
#include "everform/core/io/png.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/training/tiny_job.h"

namespace everform {
namespace {

using test::tiny_recipe;

class RunFolderTest : public testing::Test {
 protected:
  std::filesystem::path path() const { return folder_.path() / "run"; }
  std::size_t event_files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      count += entry.path().filename().string().starts_with("events.out.tfevents.") ? 1 : 0;
    }
    return count;
  }
  test::TemporaryFolder folder_;
};

ErrorKind failure(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error";
  return ErrorKind::kFailed;
}

TEST_F(RunFolderTest, GoesThroughItsStates) {
  EXPECT_EQ(run_state(path()), RunState::kAbsent);
  EXPECT_EQ(failure([&] { RunFolder::resume(path(), tiny_recipe()); }), ErrorKind::kMissing);
  std::filesystem::create_directory(path());
  EXPECT_EQ(run_state(path()), RunState::kAbsent) << "an empty folder";
  {
    RunFolder run = RunFolder::create(path(), tiny_recipe());
    EXPECT_FALSE(run.resumed());
    EXPECT_EQ(run_state(path()), RunState::kStarted);
    EXPECT_EQ(failure([&] { RunFolder::create(path(), tiny_recipe()); }), ErrorKind::kUsage);
    run.finish({{"steps", 3}});
  }
  EXPECT_EQ(run_state(path()), RunState::kFinished);
  EXPECT_EQ(run_result(path()).at("steps"), 3);
  RunFolder::create(path(), tiny_recipe(), /*overwrite=*/true);
  EXPECT_EQ(run_state(path()), RunState::kStarted);
  EXPECT_TRUE(run_result(path()).is_null());
  EXPECT_NE(read_file(path() / "recipe.toml").find("system = \"tiny\""), std::string::npos);
}

TEST_F(RunFolderTest, WhatIsNoRunIsLeftAlone) {
  std::filesystem::create_directory(path());
  write_file(path() / "thesis.txt", "years of work");
  EXPECT_EQ(run_state(path()), RunState::kForeign);
  EXPECT_EQ(failure([&] { RunFolder::create(path(), tiny_recipe()); }), ErrorKind::kUsage);
  EXPECT_EQ(failure([&] { RunFolder::resume(path(), tiny_recipe()); }), ErrorKind::kMissing);
  EXPECT_EQ(failure([&] { RunFolder::create(path(), tiny_recipe(), /*overwrite=*/true); }),
            ErrorKind::kUsage);
  EXPECT_TRUE(std::filesystem::exists(path() / "thesis.txt"));
  write_file(folder_.path() / "file", "");
  EXPECT_EQ(run_state(folder_.path() / "file"), RunState::kForeign);
  write_file(path() / "run.json", "{\"state\":");
  EXPECT_EQ(failure([&] { run_state(path()); }), ErrorKind::kBadInput);
}

TEST_F(RunFolderTest, WhatAKillLeftWhileARunWasCreatedIsNothing) {
  std::filesystem::create_directories(path() / "checkpoints");
  std::filesystem::create_directories(path() / "samples");
  write_file(path() / ".run.json.123.0.partial", "{\"sta");
  EXPECT_EQ(run_state(path()), RunState::kAbsent);
  RunFolder::create(path(), tiny_recipe());
  EXPECT_EQ(run_state(path()), RunState::kStarted);
  EXPECT_FALSE(std::filesystem::exists(path() / ".run.json.123.0.partial"));
}

TEST_F(RunFolderTest, RowsAreCutBackToAStep) {
  RunFolder run = RunFolder::create(path(), tiny_recipe());
  for (int step = 1; step <= 6; ++step) {
    run.add_row({{"step", step}, {"loss", 1.0 / step}});
  }
  std::ofstream(path() / "metrics.jsonl", std::ios::app) << "not json\n{\"step\":7,\"lo";
  ASSERT_EQ(run.rows().size(), 6U);
  run.truncate_metrics(4);
  run.add_row({{"step", 5}, {"loss", 0.5}});
  const auto rows = run.rows();
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[3], (nlohmann::json{{"step", 4}, {"loss", 0.25}}));
  EXPECT_EQ(rows[4].at("loss"), 0.5);
  EXPECT_EQ(event_files(), 2U) << "TensorBoard gets a new file that replaces the old one's later steps";
}

TEST_F(RunFolderTest, ImagesGoToTensorBoard) {
  RunFolder run = RunFolder::create(path(), tiny_recipe());
  write_png(folder_.path() / "a.png", Image(4, 3, 1, 100));
  run.add_image(2, "samples/a", folder_.path() / "a.png");
  EXPECT_EQ(event_files(), 1U);
  EXPECT_EQ(run.samples(2).filename(), "step-000002");
}

TEST_F(RunFolderTest, ResumingComparesRecipes) {
  RunFolder::create(path(), tiny_recipe());
  RunFolder::resume(path(), tiny_recipe({"training.steps=50", "training.log_every=3"}));
  EXPECT_NE(read_file(path() / "recipe.toml").find("steps = 50"), std::string::npos);
  EXPECT_EQ(failure([&] { RunFolder::resume(path(), tiny_recipe({"training.batch=3"})); }),
            ErrorKind::kUsage);
}

}  // namespace
}  // namespace everform
