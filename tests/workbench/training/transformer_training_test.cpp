// The exactness of training with the real parts together: transformer, next-token loss, token file, two
// threads.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "everform/core/base/log.h"
#include "everform/workbench/objectives/next_token.h"
#include "everform/workbench/training/phase_trainer.h"
#include "everform/workbench/training/token_data.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/training/run_comparison.h"
#include "tests/workbench/training/tiny_job.h"

namespace everform {
namespace {

struct TransformerJob {
  std::shared_ptr<Transformer> model;
  TrainingJob job;
};

class TransformerTrainingTest : public testing::Test {
 protected:
  void SetUp() override {
    set_quiet(true);
    at::set_num_threads(1);
    std::vector<TokenId> tokens;
    RandomStream random(1, "text");
    for (int i = 0; i < 3000; ++i) {
      tokens.push_back(static_cast<TokenId>(i < 2
                                                ? i
                                                : (tokens[tokens.size() - 1] * 3 + tokens[tokens.size() - 2] +
                                                   static_cast<TokenId>(random.below(2))) %
                                                      29));
    }
    write_token_file(folder_.path() / "tokens", tokens, 29);
    file_ = std::make_shared<TokenFile>(folder_.path() / "tokens");
  }
  void TearDown() override { set_quiet(false); }

  TransformerJob make(const std::vector<std::string>& sets, double dropout = 0.1) const {
    TransformerConfig config;
    config.vocabulary = 29;
    config.width = 48;
    config.depth = 2;
    config.heads = 4;
    config.kv_heads = 4;
    config.head_width = 12;
    config.ff_width = 96;
    config.context = 16;
    TransformerJob made;
    made.model = std::make_shared<Transformer>(config, TransformerOptions{.dropout = dropout});
    initialise(*made.model, 4);
    made.job.name = "transformer";
    made.job.recipe = test::tiny_recipe(sets);
    made.job.options = training_options(made.job.recipe);
    made.job.modules[""] = made.model;
    made.job.objective =
        std::make_shared<NextToken>(made.model, NextTokenOptions{.cross_entropy = {.count_correct = true}});
    made.job.batches = std::make_shared<TokenDataSource>(
        file_, TokenDataSource::Options{.context = 16, .batch = 32, .seed = 4});
    made.job.progress = false;
    return made;
  }

  test::TemporaryFolder folder_;
  std::shared_ptr<TokenFile> file_;
};

TEST_F(TransformerTrainingTest, TwentyStepsEqualTenAndTenBitForBit) {
  for (const std::string precision : {"f32", "bf16"}) {
    // Two threads for one of them: the promise holds for any number, as long as it stays the same.
    at::set_num_threads(precision == "f32" ? 2 : 1);
    const std::vector<std::string> sets{
        "training.precision=" + precision, "training.weight_decay=0.1", "training.ema=0.95",
        "training.micro_batch=16",         "training.schedule=cosine",  "training.warmup=4"};
    const auto straight = folder_.path() / ("straight-" + precision);
    const auto path = folder_.path() / ("resumed-" + precision);
    TransformerJob whole = make(sets);
    test::train_unsynced(whole.job, straight, false);

    // The first ten end like a kill after the checkpoint of step 10: the rest of what they left is thrown
    // away.
    TransformerJob half = make(sets);
    test::train_unsynced(half.job, path, false);
    std::filesystem::remove_all(path / "checkpoints" / "step-000020");
    TransformerJob rest = make(sets);
    test::train_unsynced(rest.job, path, true);
    test::expect_same_runs(path, straight);
    EXPECT_LT(test::metric_rows(path).back().at("loss").get<double>(),
              test::metric_rows(path).front().at("loss").get<double>());
  }
}

TEST_F(TransformerTrainingTest, AccumulationEqualsTheWholeBatch) {
  std::vector<std::string> sets{"training.optimizer=sgd", "training.learning_rate=0.3"};
  TransformerJob whole = make(sets);
  test::train_unsynced(whole.job, folder_.path() / "whole", false);
  sets.push_back("training.micro_batch=8");
  TransformerJob split = make(sets);
  test::train_unsynced(split.job, folder_.path() / "split", false);
  const auto a = test::metric_rows(folder_.path() / "whole");
  const auto b = test::metric_rows(folder_.path() / "split");
  ASSERT_EQ(a.size(), 20U);
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(a[i].at("loss").get<double>(), b[i].at("loss").get<double>(), 1e-5);
  }
  for (const auto& item : whole.model->named_parameters()) {
    const torch::Tensor other = split.model->named_parameters()[item.key()];
    EXPECT_LT((item.value() - other).abs().max().item<float>(), 1e-5F) << item.key();
  }
}

TEST_F(TransformerTrainingTest, FirstGradientDoesNotDependOnTheSplit) {
  const auto gradient = [&](std::int64_t micro_batch) {
    TransformerJob made = make({});
    Phase phase = made.job.objective->phases().at(0);
    double targets = 0;
    for (const auto& slice : BatchSlices{.batch = 32, .micro_batch = micro_batch}.slices()) {
      const Loss loss = phase.loss(made.job.batches->batch(0, slice.first_item, slice.items),
                                   {.first_item = slice.first_item});
      loss.sum.backward();
      targets += loss.targets;
    }
    std::vector<torch::Tensor> parts;
    for (const torch::Tensor& parameter : made.model->parameters()) {
      parts.push_back(parameter.grad().flatten() / targets);
    }
    return torch::cat(parts);
  };
  const torch::Tensor whole = gradient(0);
  EXPECT_LT((whole - gradient(8)).norm().item<double>(), 1e-6 * whole.norm().item<double>());
}

TEST_F(TransformerTrainingTest, GradientCheckpointingChangesNothing) {
  TransformerJob plain = make({"training.steps=5"});
  TransformerJob saving = make({"training.steps=5", "training.gradient_checkpointing=true"});
  test::train_unsynced(plain.job, folder_.path() / "plain", false);
  test::train_unsynced(saving.job, folder_.path() / "saving", false);
  EXPECT_TRUE(saving.model->options().checkpoint_blocks);
  EXPECT_FALSE(plain.model->options().checkpoint_blocks);
  for (const auto& item : plain.model->named_parameters()) {
    EXPECT_TRUE(torch::allclose(item.value(), saving.model->named_parameters()[item.key()], 1e-5, 1e-6))
        << item.key();
  }
}

}  // namespace
}  // namespace everform
