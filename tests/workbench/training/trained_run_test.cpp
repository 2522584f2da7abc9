#include "everform/workbench/training/trained_run.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/workbench/layers/init.h"
#include "everform/workbench/training/network_job.h"
#include "everform/workbench/training/sample_source.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/training/tiny_job.h"

namespace everform {
namespace {

TEST(TrainedRun, IsFoundByItsFolderAndByAFileInIt) {
  const test::TemporaryFolder folder;
  test::TinyJob tiny = test::tiny_job({"training.steps=3"});
  train(tiny.job, folder.path() / "run", /*resume=*/false);
  SystemCard card{.name = "tiny"};
  add_training_keys(card.schema);
  ActionRequest request;
  request.card = &card;
  request.verb = "evaluate";
  request.common.sets = {"training.batch=5"};
  try {
    named_model(request, "runs/t");
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_EQ(error.where(), "everform evaluate tiny");
    EXPECT_NE(error.hint().find("everform train tiny --out runs/t"), std::string::npos);
  }
  for (const char* name : {"run", "run/model.safetensors"}) {
    request.model = (folder.path() / name).string();
    EXPECT_EQ(named_model(request, "runs/t"), request.model);
    const test::TinyModel fresh(9);
    EXPECT_FALSE(fresh.head.equal(tiny.model->head));
    test::TinyModel loaded(9);
    loaded.train();
    load_for_use(loaded, request);
    EXPECT_TRUE(loaded.head.equal(tiny.model->head));
    EXPECT_FALSE(loaded.is_training());
  }
  EXPECT_THROW(recipe_of_run(request, folder.path() / "absent"), Error);
}

SampleSupply counting() {
  SampleSupply supply{.purpose = "test.draw", .identity = {{"kind", "counting"}}};
  supply.draw = [](RandomStream& random, std::int64_t item) {
    Sample sample;
    sample.set("x", std::vector<std::int64_t>{item, static_cast<std::int64_t>(random.below(1 << 30))});
    return sample;
  };
  return supply;
}

TEST(SampleBatches, DrawEachItemFromItsOwnStream) {
  const auto source = sample_batches(counting(), 4, 7);
  EXPECT_EQ(source->identity().at("kind"), "counting");
  const torch::Tensor whole = source->batch(3, 0, 4).at("x");
  EXPECT_TRUE(whole.slice(0, 2, 4).equal(source->batch(3, 2, 2).at("x")));
  EXPECT_FALSE(whole.equal(source->batch(4, 0, 4).at("x")));
  RandomStream random(7, "test.draw", 3, 1);
  EXPECT_EQ(whole[1][1].item<std::int64_t>(), static_cast<std::int64_t>(random.below(1 << 30)));
}

TEST(SampleBatches, GoThroughAFixedSetOnceAnEpoch) {
  SampleSupply supply{.size = 6};
  supply.sample = [](std::size_t index) {
    Sample sample;
    sample.set("x", std::vector<std::int64_t>{static_cast<std::int64_t>(index)});
    return sample;
  };
  const auto source = sample_batches(supply, 3, 1);
  std::vector<std::int64_t> seen;
  for (const std::int64_t step : {0, 1}) {
    const torch::Tensor x = source->batch(step, 0, 3).at("x");
    for (std::int64_t i = 0; i < 3; ++i) {
      seen.push_back(x[i][0].item<std::int64_t>());
    }
  }
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}));
  supply.size = 0;
  EXPECT_THROW(sample_batches(supply, 3, 1), Error);
}

TEST(NetworkJob, StartsFromTheSeedAndTheRecipe) {
  RecipeSchema schema;
  schema.number("model.initial_deviation", 0.25, "deviation", 0.0, 1.0);
  add_training_keys(schema);
  TrainingJob job{.recipe = resolve_recipe(
                      {.system = "toy", .schema = &schema, .sets = {"training.gradient_checkpointing=true"}}),
                  .seed = 4};
  const TransformerConfig config{
      .vocabulary = 11, .width = 8, .depth = 1, .heads = 2, .ff_width = 8, .context = 8};
  const auto network = std::make_shared<Transformer>(config);
  set_fresh_network(job, network);
  EXPECT_EQ(job.modules.at(""), network);
  EXPECT_TRUE(network->options().checkpoint_blocks);
  Transformer expected(config);
  initialise(expected, 4, {.deviation = 0.25, .depth = 1});
  EXPECT_TRUE(network->lm_head->weight.equal(expected.lm_head->weight));
}

}  // namespace
}  // namespace everform
