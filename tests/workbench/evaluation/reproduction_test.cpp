#include "everform/workbench/evaluation/reproduction.h"

#include <gtest/gtest.h>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/log.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/training/tiny_job.h"

namespace everform {
namespace {

SystemCard tiny_card() {
  SystemCard card{.name = "tiny", .title = "A tiny system"};
  add_training_keys(card.schema);
  card.recipe = "[presets.paper]\ntraining = { steps = 77 }\n";
  return card;
}

ActionRequest request(const SystemCard& card, const std::filesystem::path& out) {
  ActionRequest made;
  made.card = &card;
  made.verb = "reproduce";
  made.common.out = out.string();
  made.recipe = test::tiny_recipe({"training.steps=6", "training.log_every=1"});
  return made;
}

TEST(Reproduction, TrainsClaimsAndReports) {
  const test::TemporaryFolder folder;
  const SystemCard card = tiny_card();
  const ActionRequest asked = request(card, folder.path() / "report");
  Reproduction run(asked);
  test::TinyJob tiny = test::tiny_job({"training.steps=6", "training.log_every=1"});
  EXPECT_EQ(run.train(tiny.job, "runs/one").steps, 6);
  run.show_loss("runs/one", "Loss", "How it learned");
  run.count("1", "steps", 6, 6);
  CheckCount checks;
  checks.expect(true, "right");
  checks.expect(false, "the wrong one");
  testing::internal::CaptureStderr();
  run.check("2", "things", checks);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("the wrong one"), std::string::npos);
  const ActionResult result = run.finish();
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.json.at("system"), "tiny");
  ASSERT_EQ(result.json.at("claims").size(), 2U);
  EXPECT_EQ(result.json.at("claims")[0].at("holds"), true);
  EXPECT_EQ(result.json.at("claims")[1].at("holds"), false);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "report/loss.svg"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "report/runs/one/model.safetensors"));
  EXPECT_NE(read_file(folder.path() / "report/report.md").find("How it learned"), std::string::npos);
}

TEST(Reproduction, QuickCutsTheStepsAndNothingElse) {
  const test::TemporaryFolder folder;
  const SystemCard card = tiny_card();
  ActionRequest asked = request(card, folder.path() / "report");
  asked.quick = true;
  const Reproduction run(asked);
  EXPECT_EQ(run.recipe(4).integer("training.steps"), 4);
  EXPECT_EQ(run.recipe(400).integer("training.steps"), 6);
  EXPECT_EQ(run.preset("paper").integer("training.steps"), 77);
  asked.quick = false;
  EXPECT_EQ(run.recipe(4).integer("training.steps"), 6);
}

}  // namespace
}  // namespace everform
