#include "everform/systems/icl_discrete/icl_discrete.h"

#include <gtest/gtest.h>

#include <fstream>

#include "everform/core/base/error.h"
#include "everform/core/io/csv.h"
#include "everform/systems/all_cards.h"
#include "everform/workbench/objectives/per_position_bce.h"
#include "tests/support/shared_data.h"

namespace everform {

void bind_icl_discrete(SystemRuntime& runtime);

namespace icl_discrete {
namespace {

Recipe recipe_of(const std::vector<std::string>& sets, const std::string& preset = "tiny") {
  const SystemCard& card = icl_discrete_card();
  return resolve_recipe(
      {.system = card.name, .schema = &card.schema, .built_in = card.recipe, .preset = preset, .sets = sets});
}

const std::vector<std::string> kMinute = {"model.width=16",   "model.depth=2",        "model.heads=2",
                                          "model.context=24", "task.points=12",       "task.n=4",
                                          "training.steps=6", "training.log_every=2", "training.warmup=0"};

/// A request as the command line makes it.
ActionRequest request_for(const std::string& verb, nlohmann::json options = nlohmann::json::object()) {
  ActionRequest request;
  request.card = &icl_discrete_card();
  request.verb = verb;
  request.common.quiet = true;
  request.recipe = recipe_of(kMinute);
  request.options = std::move(options);
  return request;
}

ActionResult run(const ActionRequest& request) {
  SystemRuntime runtime;
  bind_icl_discrete(runtime);
  const Action* action = runtime.find("icl-discrete", request.verb);
  return action != nullptr ? (*action)(request) : request.card->find_action(request.verb)->run(request);
}

std::int64_t parameters(const Recipe& recipe) {
  std::int64_t count = 0;
  for (const torch::Tensor& parameter : make_model(recipe).network->parameters()) {
    count += parameter.numel();
  }
  EXPECT_EQ(icl_discrete_card().parameters(recipe), count) << "what `show` says";
  return count;
}

TEST(IclDiscrete, HasTheStatedNumberOfParameters) {
  EXPECT_EQ(parameters(recipe_of({}, "paper")), 9'562'113);
  EXPECT_EQ(parameters(recipe_of({}, "tiny")), 204'929);
  EXPECT_EQ(parameters(recipe_of({}, "tiny-parity")), 204'929);
  for (const char* backbone : {"linear-attention", "retention", "lstm"}) {
    EXPECT_GE(parameters(recipe_of({"model.backbone=" + std::string(backbone), "task.n=7"})), 204'000);
  }
  EXPECT_EQ(recipe_of({}, "tiny-teach").text("task.name"), "teach-conjunction");
}

TEST(IclDiscrete, LogitsAreCausalBitForBit) {
  for (const char* backbone : {"attention", "linear-attention", "retention", "lstm"}) {
    const Recipe recipe = recipe_of({"model.backbone=" + std::string(backbone)});
    const Model model = make_model(recipe);
    const auto network = model.network;
    initialise(*network, 3);
    const auto sequences = functions::make_sequences(recipe, 4, 0, "test");
    const torch::NoGradGuard no_grad;
    const torch::Tensor vectors = model.vectors(sequences);
    const torch::Tensor before = strided_logits(*network, vectors, 2);
    for (const std::int64_t i : {0, 1, 13, 28}) {
      torch::Tensor changed = vectors.clone();
      changed.slice(1, 2 * i + 1).neg_();
      const torch::Tensor after = strided_logits(*network, changed, 2);
      EXPECT_TRUE(after.slice(1, 0, i + 1).equal(before.slice(1, 0, i + 1))) << backbone << " index " << i;
      EXPECT_FALSE(after.slice(1, i + 1).equal(before.slice(1, i + 1))) << "later logits do see the change";
    }
  }
}

TEST(IclDiscrete, JudgesWithTheLogitsOfItsSequences) {
  const Recipe recipe = recipe_of(kMinute);
  const Model model = make_model(recipe);
  initialise(*model.network, 1);
  const auto sequences = functions::make_sequences(recipe, 130, 0, "test");
  const auto curve = model.curve("model", sequences);
  const torch::NoGradGuard no_grad;
  const torch::Tensor logits = strided_logits(*model.network, model.vectors(sequences), 2);
  for (std::int64_t i = 0; i < 12; ++i) {
    double right = 0;
    for (std::size_t s = 0; s < sequences.size(); ++s) {
      const bool positive = logits[static_cast<std::int64_t>(s)][i].item<float>() > 0;
      right += positive == (sequences[s].labels[static_cast<std::size_t>(i)] > 0) ? 1 : 0;
    }
    EXPECT_DOUBLE_EQ(curve.at(static_cast<std::size_t>(i)), right / 130);
  }
}

TEST(IclDiscrete, TrainsEvaluatesAndAnalyses) {
  const test::TemporaryFolder folder;
  ActionRequest train = request_for("train", {{"task", "mono-conjunction"}});
  train.common.out = (folder.path() / "run").string();
  EXPECT_EQ(run(train).json.at("steps"), 6);

  // The model's own file names the run too.
  ActionRequest evaluate = request_for("evaluate", {{"baselines", "null,nn1,elimination"},
                                                    {"sequences", 20},
                                                    {"plot", (folder.path() / "curve.svg").string()}});
  evaluate.model = (folder.path() / "run" / "model.safetensors").string();
  evaluate.common.out = (folder.path() / "curve.csv").string();
  const ActionResult curves = run(evaluate);
  EXPECT_EQ(curves.json.at("task"), "mono-conjunction");
  ASSERT_EQ(curves.json.at("curves").size(), 4U);
  EXPECT_EQ(curves.json.at("curves")[0].at("accuracy").size(), 12U);
  const CsvTable table = read_csv(folder.path() / "curve.csv");
  EXPECT_EQ(table.rows(), 12U);
  EXPECT_EQ(table.number(11, table.column("elimination")), curves.json.at("curves")[3].at("accuracy")[11]);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "curve.svg"));

  for (const char* kind : {"nearest-neighbour", "induction"}) {
    ActionRequest heads = request_for("analyse", {{"heads", kind}, {"sequences", 8}});
    heads.model = (folder.path() / "run").string();
    const ActionResult mass = run(heads);
    ASSERT_EQ(mass.json.at("mass").size(), 2U);
    ASSERT_EQ(mass.json.at("mass")[0].size(), 2U);
    EXPECT_NEAR(mass.json.at("mass")[0][0].get<double>(), mass.json.at("uniform").get<double>(), 0.1)
        << "hardly trained heads look everywhere";
  }
}

TEST(IclDiscrete, StudiesTrainAModelForEachChoice) {
  const test::TemporaryFolder folder;
  ActionRequest train = request_for("train");
  train.common.out = (folder.path() / "run").string();
  run(train);
  ActionRequest frozen = request_for("analyse", {{"frozen", true}, {"sequences", 4}});
  frozen.common.out = (folder.path() / "study").string();
  frozen.model = train.common.out;
  const nlohmann::json rows = run(frozen).json.at("rows");
  ASSERT_EQ(rows.size(), 8U);
  EXPECT_EQ(rows[1].at("name"), "fresh, frozen: mixers-and-mlps");
  EXPECT_EQ(rows[5].at("name"), "pretrained, frozen: all-but-ends");
  EXPECT_LT(rows[2].at("trained_parameters"), rows[1].at("trained_parameters"));
  EXPECT_LT(rows[1].at("trained_parameters"), rows[0].at("trained_parameters"));
  EXPECT_EQ(rows[7].at("name"), "null");
  EXPECT_TRUE(rows[7].at("trained_parameters").is_null());
  EXPECT_FALSE(std::filesystem::exists(frozen.common.out + "-study"));
}

TEST(IclDiscrete, TablesOfOthersAreTrainedOn) {
  const test::TemporaryFolder folder;
  ActionRequest generate = request_for("generate", {{"count", 3}});
  generate.common.out = (folder.path() / "t.csv").string();
  EXPECT_EQ(run(generate).json.at("count"), 3);
  ActionRequest train = request_for("train", {{"data", generate.common.out}});
  train.common.out = (folder.path() / "run").string();
  EXPECT_EQ(run(train).json.at("steps"), 6);
  train.common.out = (folder.path() / "other").string();
  train.options["n"] = 7;
  EXPECT_THROW(run(train), Error) << "the table has 4 columns";
}

TEST(IclDiscrete, FreezingLeavesWeightsAsTheyWere) {
  const test::TemporaryFolder folder;
  Recipe recipe = recipe_of(kMinute);
  recipe.set("adaptation.freeze", "all-but-ends");
  const Model model = train_small(recipe, 5, folder.path() / "run", "test");
  TrainingJob fresh{.recipe = recipe, .seed = 5};
  compose(fresh);
  const auto before = fresh.modules.at("")->named_parameters();
  for (const auto& parameter : model.network->named_parameters()) {
    const bool trained =
        parameter.key().starts_with("model.read_in") || parameter.key().starts_with("lm_head");
    EXPECT_NE(parameter.value().equal(before[parameter.key()]), trained) << parameter.key();
  }
}

TEST(IclDiscrete, RefusesWhatDoesNotFit) {
  EXPECT_THROW(make_model(recipe_of({"task.points=33"})), Error);
  EXPECT_THROW(recipe_of({"task.name=conjunktion"}), Error);
  EXPECT_THROW(recipe_of({"task.n=65"}), Error);
  EXPECT_THROW(run(request_for("evaluate", {{"baselines", "null"}})), Error) << "no model is named";
  EXPECT_THROW(run(request_for("analyse")), Error) << "no study is named";
  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / "bad.csv") << "a,label\n1,0\n1,2\n";
  try {
    run(request_for("train", {{"data", (folder.path() / "bad.csv").string()}, {"n", 1}, {"points", 2}}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_status(), 3);
    EXPECT_NE(error.where().find("bad.csv:3:3"), std::string::npos);
  }
}

}  // namespace
}  // namespace icl_discrete
}  // namespace everform
