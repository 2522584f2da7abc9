#include "everform/workbench/training/train_action.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/workbench/training/evaluate_objective.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/training/tiny_job.h"

namespace everform {
namespace {

using test::tiny_job;
using test::tiny_recipe;

class TrainActionTest : public testing::Test {
 protected:
  void SetUp() override { at::set_num_threads(1); }
  ActionRequest request(bool resume = false, bool yes = false) {
    ActionRequest request;
    request.verb = "train";
    request.recipe = tiny_recipe();
    request.common.out = (folder_.path() / "run").string();
    request.common.yes = yes;
    request.resume = resume;
    return request;
  }
  struct Answer {
    ActionResult result;
    std::string log;
    bool made = false;
  };
  Answer run(const ActionRequest& request) {
    Answer answer;
    testing::internal::CaptureStderr();
    try {
      answer.result = train_action(request, [&] {
        answer.made = true;
        return std::move(tiny_job().job);
      });
    } catch (...) {
      testing::internal::GetCapturedStderr();
      throw;
    }
    answer.log = testing::internal::GetCapturedStderr();
    return answer;
  }
  test::TemporaryFolder folder_;
};

TEST_F(TrainActionTest, AnswersAsTheContractSays) {
  const Answer answer = run(request());
  const nlohmann::json& json = answer.result.json;
  EXPECT_EQ(json.at("run"), request().common.out);
  EXPECT_EQ(json.at("steps"), 20);
  EXPECT_GT(json.at("loss").get<double>(), 0.0);
  EXPECT_GT(json.at("tokens_per_second").get<double>(), 0.0);
  EXPECT_EQ(answer.result.exit_status, 0);
  EXPECT_NE(answer.result.text.find("run: "), std::string::npos);
}

TEST_F(TrainActionTest, ResumingNothingBeginsAndSaysSo) {
  const Answer answer = run(request(true));
  EXPECT_NE(answer.log.find("beginning at the beginning"), std::string::npos) << answer.log;
  EXPECT_EQ(answer.result.json.at("steps"), 20);
}

TEST_F(TrainActionTest, AFinishedRunIsSaidToBeFinished) {
  const Answer first = run(request());
  const Answer again = run(request(true));
  EXPECT_FALSE(again.made);
  EXPECT_EQ(again.result.exit_status, 0);
  EXPECT_EQ(again.result.json, first.result.json);
  EXPECT_NE(again.log.find("is finished"), std::string::npos) << again.log;
  EXPECT_NE(again.result.text.find("is finished"), std::string::npos);
}

TEST_F(TrainActionTest, WhatIsThereIsOnlyOverwrittenWhenAskedTo) {
  run(request());
  try {
    run(request());
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.hint().find("--yes"), std::string::npos);
  }
  EXPECT_EQ(run(request(false, true)).result.json.at("steps"), 20);
}

TEST(TrainingDeviceTest, NamesAreChecked) {
  EXPECT_TRUE(training_device("cpu").is_cpu());
  for (const char* name : {"gpu", "", "cuda:", "cuda:x", "cuda0", "cuda:-1", "cuda:1x"}) {
    try {
      training_device(name);
      ADD_FAILURE() << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage) << name;
    }
  }
  if (!at::hasCUDA()) {
    try {
      training_device("cuda:1");
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kMissing);
    }
  }
}

TEST(TrainingOptionsTest, ReadsTheRecipeAndRefusesContradictions) {
  const TrainingOptions options = training_options(
      tiny_recipe({"training.optimizer=sgd", "training.momentum=0.5", "training.precision=bf16",
                   "training.schedule=cosine", "training.warmup=7", "training.decay_share=0.25",
                   "training.final_learning_rate=0.1"}));
  EXPECT_EQ(options.optimizer.kind, OptimizerKind::kSgd);
  EXPECT_DOUBLE_EQ(options.optimizer.momentum, 0.5);
  EXPECT_TRUE(options.bf16);
  EXPECT_EQ(options.schedule.kind, ScheduleKind::kCosine);
  EXPECT_EQ(options.schedule.steps, 20);
  EXPECT_EQ(options.schedule.warmup, 7);
  EXPECT_DOUBLE_EQ(options.schedule.decay_share, 0.25);
  EXPECT_DOUBLE_EQ(options.schedule.final_share, 0.1);
  EXPECT_THROW(training_options(tiny_recipe({"training.micro_batch=33"})), Error);
  EXPECT_THROW(training_options(tiny_recipe({"training.early_stop=2"})), Error);
  EXPECT_THROW(training_options(tiny_recipe({"training.momentum=0.5"})), Error);
}

TEST(EvaluateObjectiveTest, IsTheMeanOverTargetsHoweverItIsSplit) {
  test::TinyJob tiny = tiny_job();
  const auto figures = [&](std::int64_t micro_batch) {
    return evaluate_objective(*tiny.job.objective, *tiny.job.batches,
                              {.items = 20, .micro_batch = micro_batch});
  };
  const auto whole = figures(20);
  const auto split = figures(3);
  EXPECT_NEAR(whole.at("loss"), split.at("loss"), 1e-6);
  EXPECT_NEAR(whole.at("accuracy"), split.at("accuracy"), 1e-6);
  const Batch batch = tiny.job.batches->batch(0, 0, 20);
  const torch::Tensor losses = torch::log_softmax(tiny.model->forward(batch.at("tokens")), -1)
                                   .gather(-1, batch.at("targets").unsqueeze(-1))
                                   .squeeze(-1)
                                   .masked_select(batch.at("mask").to(at::kBool));
  EXPECT_NEAR(whole.at("loss"), -losses.mean().item<double>(), 1e-6);
  EXPECT_EQ(tiny.model->forwards.item<std::int64_t>(), 0) << "evaluating is not training";
}

}  // namespace
}  // namespace everform
