#include "everform/workbench/training/trainer.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <csignal>

#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/base/log.h"
#include "everform/workbench/training/checkpoint.h"
#include "everform/workbench/training/prefetch.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/training/run_comparison.h"
#include "tests/workbench/training/tiny_job.h"

namespace everform {
namespace {

using test::expect_same_tensors;
using test::metric_rows;
using test::TemporaryFolder;
using test::tiny_job;
using test::TinyJob;
using test::train_unsynced;

/// Ends a training after so many steps as a kill would: without saving anything.
struct Kill {};
class KilledSource final : public BatchSource {
 public:
  KilledSource(std::shared_ptr<const BatchSource> source, std::int64_t step)
      : source_(std::move(source)), step_(step) {}
  Batch batch(std::int64_t step, std::int64_t first_item, std::int64_t items) const override {
    if (step >= step_) {
      throw Kill();
    }
    return source_->batch(step, first_item, items);
  }
  nlohmann::json identity() const override { return source_->identity(); }

 private:
  std::shared_ptr<const BatchSource> source_;
  std::int64_t step_;
};

class TrainerTest : public testing::Test {
 protected:
  void SetUp() override {
    set_quiet(true);
    at::set_num_threads(1);  // The model is far too small to share out.
  }
  void TearDown() override { set_quiet(false); }
  TemporaryFolder folder_;
  std::filesystem::path run(const char* name) const { return folder_.path() / name; }
};

TEST_F(TrainerTest, LearnsAndLeavesARun) {
  TinyJob tiny = tiny_job({"training.steps=150"});
  tiny.job.config = {{"model_type", "tiny"}};
  const TrainingResult result = train(tiny.job, run("a"), false);
  EXPECT_EQ(result.steps, 150);
  EXPECT_GT(result.tokens_per_second, 0.0);
  const auto rows = metric_rows(run("a"));
  ASSERT_EQ(rows.size(), 150U);
  EXPECT_GT(rows.front().at("loss").get<double>(), 2.0);
  EXPECT_LT(rows.back().at("loss").get<double>(), 1.2);
  EXPECT_LT(rows.front().at("accuracy").get<double>(), rows.back().at("accuracy").get<double>());
  EXPECT_DOUBLE_EQ(rows.back().at("loss").get<double>(), result.loss);
  EXPECT_EQ(run_state(run("a")), RunState::kFinished);
  EXPECT_EQ(nlohmann::json::parse(read_file(run("a") / "config.json")).at("model_type"), "tiny");
  const NamedTensors saved = read_tensors(run("a") / "model.safetensors");
  EXPECT_TRUE(torch::equal(saved.at("head"), tiny.model->head.detach()));
  EXPECT_EQ(saved.size(), 5U);
  EXPECT_EQ(CheckpointStore(run("a") / "checkpoints").steps(), (std::vector<std::int64_t>{140, 150}));
}

TEST_F(TrainerTest, ResumesBitForBitAfterAKill) {
  for (const std::string optimizer : {"adamw", "adam", "sgd"}) {
    std::vector<std::string> sets{
        "training.optimizer=" + optimizer, "training.ema=0.9",  "training.weight_decay=0.1",
        "training.schedule=cosine",        "training.warmup=3", "training.log_every=4",
        "training.micro_batch=9"};
    if (optimizer == "sgd") {
      sets.push_back("training.momentum=0.9");
    }
    TinyJob straight = tiny_job(sets);
    train_unsynced(straight.job, run(("straight-" + optimizer).c_str()), false);

    const auto path = run(("killed-" + optimizer).c_str());
    TinyJob killed = tiny_job(sets);
    killed.job.batches = std::make_shared<KilledSource>(killed.job.batches, 17);
    EXPECT_THROW(train_unsynced(killed.job, path, false), Kill);
    EXPECT_EQ(metric_rows(path).back().at("step"), 16) << "rows after the checkpoint, which must be dropped";

    TinyJob resumed = tiny_job(sets);
    train_unsynced(resumed.job, path, true);
    const auto straight_path = run(("straight-" + optimizer).c_str());
    test::expect_same_runs(path, straight_path);
    EXPECT_EQ(CheckpointStore(path / "checkpoints").load_newest()->files.size(), 3U)
        << "weights, optimizer and ema";
  }
}

TEST_F(TrainerTest, ResumesFromEveryInterruptedStep) {
  TinyJob straight = tiny_job({"training.checkpoint_every=1", "training.log_every=5", "training.steps=12"});
  train_unsynced(straight.job, run("straight"), false);
  for (const std::int64_t step : {1, 4, 5, 11}) {
    const auto path = run(("at-" + std::to_string(step)).c_str());
    const std::vector<std::string> sets{"training.checkpoint_every=1", "training.log_every=5",
                                        "training.steps=12"};
    TinyJob killed = tiny_job(sets);
    killed.job.batches = std::make_shared<KilledSource>(killed.job.batches, step);
    EXPECT_THROW(train_unsynced(killed.job, path, false), Kill);
    TinyJob resumed = tiny_job(sets);
    train_unsynced(resumed.job, path, true);
    EXPECT_EQ(metric_rows(path), metric_rows(run("straight"))) << step;
  }
}

TEST_F(TrainerTest, BeginsAtTheBeginningWhereNothingIsSaved) {
  TinyJob straight = tiny_job();
  train_unsynced(straight.job, run("straight"), false);
  TinyJob killed = tiny_job();
  killed.job.batches = std::make_shared<KilledSource>(killed.job.batches, 4);
  EXPECT_THROW(train_unsynced(killed.job, run("killed"), false), Kill);
  TinyJob resumed = tiny_job();
  train_unsynced(resumed.job, run("killed"), true);
  EXPECT_EQ(metric_rows(run("killed")), metric_rows(run("straight")));
}

TEST_F(TrainerTest, RefusesAnotherRecipeAndOtherData) {
  TinyJob first = tiny_job();
  train_unsynced(first.job, run("a"), false);
  TinyJob other = tiny_job({"training.learning_rate=0.02"});
  try {
    train_unsynced(other.job, run("a"), true);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.message().find("training.learning_rate is 0.02 here and was 0.01"), std::string::npos)
        << error.message();
  }
  const auto refused = [&](TinyJob changed, const std::string& message) {
    try {
      train_unsynced(changed.job, run("a"), true);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_NE(error.message().find(message), std::string::npos) << error.message();
    }
  };
  TinyJob data = tiny_job();
  data.job.batches = tiny_job({}, 7).job.batches;
  refused(data, "training data were others");
  refused(tiny_job({}, 7), "its seed is 0, not 7");
  TinyJob shape = tiny_job();
  shape.model->register_parameter("more", torch::zeros({2}));
  refused(shape, "holds 8 tensors, this training's 10");
  EXPECT_THROW(train(first.job, run("a"), false), Error) << "a folder in use is not overwritten";
}

TEST_F(TrainerTest, GoesOnWithMoreSteps) {
  TinyJob first = tiny_job();
  train_unsynced(first.job, run("a"), false);
  TinyJob longer = tiny_job({"training.steps=30"});
  EXPECT_EQ(train_unsynced(longer.job, run("a"), true).steps, 30);
  EXPECT_EQ(metric_rows(run("a")).size(), 30U);
}

TEST_F(TrainerTest, SavesOnInterruptAndGoesOn) {
  install_interrupt_handler();
  TinyJob straight = tiny_job();
  train_unsynced(straight.job, run("straight"), false);
  TinyJob stopped = tiny_job({"training.evaluate_every=7"});
  stopped.job.evaluate = [](std::int64_t step) -> std::map<std::string, double> {
    if (step == 7) {
      std::raise(SIGINT);
    }
    return {};
  };
  try {
    train_unsynced(stopped.job, run("stopped"), false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInterrupted);
    EXPECT_NE(error.message().find("step 7 of 20"), std::string::npos) << error.message();
  }
  clear_interrupt();
  TinyJob resumed = tiny_job();
  train_unsynced(resumed.job, run("stopped"), true);
  EXPECT_EQ(metric_rows(run("stopped")), metric_rows(run("straight")));
}

TEST_F(TrainerTest, AccumulationEqualsTheWholeBatch) {
  const std::vector<std::string> sets{"training.optimizer=sgd", "training.learning_rate=0.5",
                                      "training.clip=0.3"};
  TinyJob whole = tiny_job(sets);
  train_unsynced(whole.job, run("whole"), false);
  std::vector<std::string> split_sets = sets;
  split_sets.push_back("training.micro_batch=8");
  TinyJob split = tiny_job(split_sets);
  train_unsynced(split.job, run("split"), false);
  const auto a = metric_rows(run("whole"));
  const auto b = metric_rows(run("split"));
  ASSERT_EQ(a.size(), 20U);
  ASSERT_EQ(b.size(), 20U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(a[i].at("loss").get<double>(), b[i].at("loss").get<double>(), 1e-5);
  }
  for (const auto& item : whole.model->named_parameters()) {
    const torch::Tensor difference = (item.value() - split.model->named_parameters()[item.key()]).abs().max();
    EXPECT_LT(difference.item<float>(), 1e-5F) << item.key();
  }
}

TEST_F(TrainerTest, FirstGradientDoesNotDependOnTheSplit) {
  const auto gradient = [](std::int64_t micro_batch) {
    TinyJob tiny = tiny_job({"training.optimizer=sgd"});
    const BatchSlices slices{.batch = 32, .micro_batch = micro_batch};
    Phase phase = tiny.job.objective->phases().at(0);
    double targets = 0;
    for (const auto& slice : slices.slices()) {
      Loss loss = phase.loss(tiny.job.batches->batch(0, slice.first_item, slice.items),
                             {.seed = 0, .step = 0, .first_item = slice.first_item, .training = true});
      loss.sum.backward();
      targets += loss.targets;
    }
    std::vector<torch::Tensor> parts;
    for (const torch::Tensor& parameter : tiny.model->parameters()) {
      parts.push_back(parameter.grad().flatten() / targets);
    }
    return torch::cat(parts);
  };
  const torch::Tensor whole = gradient(0);
  EXPECT_LT((whole - gradient(8)).norm().item<double>(), 1e-6 * whole.norm().item<double>());
}

TEST_F(TrainerTest, EvaluatesWithAveragedWeightsAndKeepsTraining) {
  TinyJob tiny = tiny_job({"training.ema=0.99", "training.evaluate_every=10", "training.log_every=3"});
  std::vector<torch::Tensor> seen;
  std::vector<bool> modes;
  tiny.job.evaluate = [&](std::int64_t) -> std::map<std::string, double> {
    seen.push_back(tiny.model->head.detach().clone());
    modes.push_back(tiny.model->is_training());
    return {{"figure", 0.25}};
  };
  train_unsynced(tiny.job, run("a"), false);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(modes, (std::vector<bool>{false, false}));
  EXPECT_FALSE(torch::equal(seen[1], tiny.model->head));
  EXPECT_TRUE(torch::equal(seen[1], read_tensors(run("a") / "model.safetensors").at("head")));
  const auto rows = metric_rows(run("a"));
  std::vector<std::int64_t> steps;
  for (const auto& row : rows) {
    steps.push_back(row.at("step").get<std::int64_t>());
    EXPECT_EQ(row.contains("evaluation.figure"), row.at("step") == 10 || row.at("step") == 20);
  }
  EXPECT_EQ(steps, (std::vector<std::int64_t>{3, 6, 9, 10, 12, 15, 18, 20}));
  // Evaluating changes nothing in the training.
  TinyJob plain = tiny_job({"training.ema=0.99", "training.log_every=3"});
  train_unsynced(plain.job, run("b"), false);
  EXPECT_TRUE(torch::equal(plain.model->head, tiny.model->head));
}

TEST_F(TrainerTest, StopsEarlyWithTheBestWeights) {
  const std::vector<std::string> sets{"training.evaluate_every=2", "training.early_stop=3",
                                      "training.steps=40"};
  const auto evaluate = [](std::int64_t step) -> std::map<std::string, double> {
    return {{"loss", step <= 6 ? 10.0 - static_cast<double>(step) : 5.0}};
  };
  TinyJob tiny = tiny_job(sets);
  torch::Tensor best;
  tiny.job.evaluate = [&](std::int64_t step) {
    if (step == 6) {
      best = tiny.model->head.detach().clone();
    }
    return evaluate(step);
  };
  const TrainingResult result = train_unsynced(tiny.job, run("a"), false);
  EXPECT_TRUE(result.stopped_early);
  EXPECT_EQ(result.steps, 12);
  EXPECT_TRUE(torch::equal(best, read_tensors(run("a") / "model.safetensors").at("head")));
  // The same where it was killed after the best evaluation and before the next checkpoint.
  TinyJob killed = tiny_job(sets);
  killed.job.evaluate = evaluate;
  killed.job.batches = std::make_shared<KilledSource>(killed.job.batches, 9);
  EXPECT_THROW(train_unsynced(killed.job, run("b"), false), Kill);
  TinyJob resumed = tiny_job(sets);
  resumed.job.evaluate = evaluate;
  EXPECT_EQ(train_unsynced(resumed.job, run("b"), true).steps, 12);
  EXPECT_EQ(metric_rows(run("b")), metric_rows(run("a")));
  EXPECT_TRUE(torch::equal(best, read_tensors(run("b") / "model.safetensors").at("head")));
}

TEST_F(TrainerTest, EarlyStoppingNeedsItsFigure) {
  TinyJob without = tiny_job({"training.evaluate_every=2", "training.early_stop=3"});
  EXPECT_THROW(train_unsynced(without.job, run("a"), false), Error);
  TinyJob other = tiny_job({"training.evaluate_every=2", "training.early_stop=3"});
  other.job.evaluate = [](std::int64_t) -> std::map<std::string, double> { return {{"accuracy", 1.0}}; };
  EXPECT_THROW(train_unsynced(other.job, run("b"), false), Error);
}

TEST_F(TrainerTest, SamplesGoToTheirFolder) {
  TinyJob tiny = tiny_job({"training.sample_every=8"});
  std::vector<std::filesystem::path> folders;
  tiny.job.sample = [&](std::int64_t,
                        const std::filesystem::path& folder) -> std::vector<std::filesystem::path> {
    folders.push_back(folder);
    write_file(folder / "note.txt", "a sample");
    return {};
  };
  train_unsynced(tiny.job, run("a"), false);
  EXPECT_EQ(folders, (std::vector<std::filesystem::path>{run("a") / "samples/step-000008",
                                                         run("a") / "samples/step-000016",
                                                         run("a") / "samples/step-000020"}));
  EXPECT_TRUE(std::filesystem::exists(folders[0] / "note.txt"));
}

TEST_F(TrainerTest, ADivergedLossIsAnErrorAndNeverACheckpoint) {
  TinyJob tiny = tiny_job({"training.checkpoint_every=5", "training.log_every=20"});
  class Diverging final : public Objective {
   public:
    explicit Diverging(std::shared_ptr<Objective> inner) : inner_(std::move(inner)) {}
    std::vector<Phase> phases() override {
      Phase phase = inner_->phases().at(0);
      phase.loss = [loss = phase.loss](const Batch& batch, const StepContext& context) {
        Loss result = loss(batch, context);
        result.sum = context.step == 7 ? result.sum * std::numeric_limits<float>::infinity() : result.sum;
        return result;
      };
      return {phase};
    }

   private:
    std::shared_ptr<Objective> inner_;
  };
  tiny.job.objective = std::make_shared<Diverging>(tiny.job.objective);
  try {
    train_unsynced(tiny.job, run("a"), false);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kFailed);
    EXPECT_NE(error.message().find("the last checkpoint is of step 5"), std::string::npos) << error.message();
  }
  const auto checkpoint = CheckpointStore(run("a") / "checkpoints").load_newest();
  ASSERT_TRUE(checkpoint);
  EXPECT_EQ(checkpoint->step, 5);
  EXPECT_TRUE(torch::isfinite(checkpoint->files.at("weights").at("head")).all().item<bool>());
}

TEST_F(TrainerTest, AlternatesPhasesWithoutLettingThemTouchEachOther) {
  TinyJob tiny = tiny_job({"training.optimizer=sgd", "training.steps=6"});
  class TwoPhases final : public Objective {
   public:
    explicit TwoPhases(std::shared_ptr<test::TinyModel> model) : model_(std::move(model)) {}
    std::vector<Phase> phases() override {
      Phase main = test::TinyObjective(model_).phases().at(0);
      const auto loss = [model = model_](const Batch& batch, const StepContext&) {
        return Loss{
            model->forward(batch.at("tokens")).square().sum(), static_cast<double>(batch.items()), {}};
      };
      Phase body{.name = "body", .parameters = {model_->hidden}, .every = 1, .loss = loss};
      Phase head{.name = "head", .parameters = {model_->head}, .every = 3, .loss = loss};
      return {body, head};
    }

   private:
    std::shared_ptr<test::TinyModel> model_;
  };
  tiny.job.objective = std::make_shared<TwoPhases>(tiny.model);
  const torch::Tensor embedding = tiny.model->embedding.detach().clone();
  train_unsynced(tiny.job, run("a"), false);
  EXPECT_TRUE(torch::equal(embedding, tiny.model->embedding));
  EXPECT_TRUE(tiny.model->hidden.requires_grad());
  const auto rows = metric_rows(run("a"));
  EXPECT_EQ(rows.size(), 6U);
  for (const auto& row : rows) {
    EXPECT_EQ(row.contains("head.loss"), row.at("step").get<int>() % 3 == 1);
  }
}

TEST_F(TrainerTest, Bf16StaysNearFloat) {
  TinyJob plain = tiny_job({"training.steps=60"});
  TinyJob half = tiny_job({"training.steps=60", "training.precision=bf16"});
  const double a = train_unsynced(plain.job, run("a"), false).loss;
  const double b = train_unsynced(half.job, run("b"), false).loss;
  EXPECT_NE(a, b);
  EXPECT_NEAR(a, b, 0.05);
  EXPECT_EQ(half.model->head.scalar_type(), at::kFloat);
}

}  // namespace
}  // namespace everform
