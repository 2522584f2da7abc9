#include "everform/domains/automata/step_actions.h"

#include <gtest/gtest.h>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/domains/automata/step_recipe.h"
#include "everform/domains/automata/step_scores.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

RecipeSchema schema() {
  RecipeSchema keys;
  add_step_keys(keys);
  add_training_keys(keys);
  return keys;
}

/// A request of the system "toy" as the command line makes it.
ActionRequest request(const std::vector<OptionSpec>& options, const std::vector<std::string>& sets = {}) {
  static const RecipeSchema keys = schema();
  static const SystemCard card{.name = "toy"};
  ActionRequest made;
  made.card = &card;
  made.verb = "generate";
  made.options = nlohmann::json::object();
  for (const OptionSpec& option : options) {
    if (!option.default_value.is_null()) {
      made.options[option.name] = option.default_value;
    }
  }
  made.recipe = resolve_recipe({.system = "toy", .schema = &keys, .built_in = "", .sets = sets});
  return made;
}

/// A model that knows the rule, whatever its temperature.
HeatedCompleter follower(const StepData& data) {
  return [data](double) { return rule_follower(data, data.widths[0], data.widths[0]); };
}

TEST(StepActions, RolloutsOfAModelThatKnowsTheRuleAreTheAutomaton) {
  const test::TemporaryFolder folder;
  ActionRequest asked = request(rollout_options(), {"data.widths=[5]"});
  asked.options["rollout"] = 7;
  asked.options["count"] = 3;
  asked.common.out = (folder.path() / "run.csv").string();
  const StepData data = requested_steps(asked);
  const ActionResult result = generate_rollouts(asked, data, follower(data));
  EXPECT_EQ(result.json.at("count"), 3);
  ASSERT_EQ(result.json.at("outputs").size(), 3U);
  EXPECT_EQ(result.json.at("outputs")[2], (folder.path() / "run-3.csv").string());
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "run-3.csv"));
  EXPECT_EQ(result.json.at("wrong_cells")[1], std::vector<int>(8, 0));
  EXPECT_NE(result.text.find("equal to the automaton up to generation 7"), std::string::npos);
}

TEST(StepActions, ScoresARowForEachOrderAndTemperature) {
  const test::TemporaryFolder folder;
  ActionRequest asked = request(step_score_options(), {"data.widths=[4]"});
  asked.options["order"] = "0:1:3";
  asked.options["temperature"] = "0,1";
  asked.options["grids"] = 6;
  asked.common.out = (folder.path() / "scores.csv").string();
  const StepData data = requested_steps(asked);
  const ActionResult result = evaluate_steps(asked, data, follower(data));
  ASSERT_EQ(result.json.at("table").size(), 6U);
  for (const auto& row : result.json.at("table")) {
    EXPECT_EQ(row.at("cell_accuracy"), 1.0);
    EXPECT_EQ(row.at("grids"), 6);
  }
  EXPECT_EQ(read_file(folder.path() / "scores.csv").substr(0, 18), "order,temperature,");
}

TEST(StepActions, DivergenceIsZeroForAModelThatKnowsTheRule) {
  ActionRequest asked = request(divergence_options(), {"data.widths=[6]"});
  asked.options["rollout"] = 4;
  asked.options["starts"] = 2;
  const StepData data = requested_steps(asked);
  const ActionResult result = analyse_rollouts(asked, data, follower(data));
  EXPECT_EQ(result.json.at("divergence"), std::vector<double>(5, 0.0));
  EXPECT_EQ(result.json.at("table")[0].at("set"), "6");
}

TEST(StepRecipe, OptionsGoIntoTheRecipe) {
  ActionRequest asked = request({});
  asked.options = {{"rule", "B36/S23"}, {"width", 9}, {"data", "high"}};
  const Recipe recipe = recipe_with_steps(asked);
  EXPECT_EQ(recipe.text("data.rule"), "B36/S23");
  EXPECT_EQ(recipe.integers("data.widths"), std::vector<std::int64_t>{9});
  EXPECT_EQ(recipe.text("data.order"), "high");
  EXPECT_EQ(requested_steps(asked).widths, std::vector<std::int64_t>{9});
  asked.options = {{"data", "states.csv"}};
  EXPECT_EQ(recipe_with_steps(asked).text("data.states"), "states.csv");
  EXPECT_THROW(chosen_start(asked, requested_steps(asked)), Error);
}

TEST(StepRecipe, SuppliesFreshStepsOrAFixedSet) {
  const SampleSupply fresh = step_supply(request({}, {"data.widths=[3]"}).recipe, true, 5, "test");
  ASSERT_TRUE(fresh.draw);
  RandomStream one(5, "test", 0, 2);
  RandomStream two(5, "test", 0, 2);
  EXPECT_EQ(fresh.draw(one, 2).arrays.at("tokens").values, fresh.draw(two, 2).arrays.at("tokens").values);
  const SampleSupply fixed =
      step_supply(request({}, {"data.widths=[3]", "data.samples=4"}).recipe, false, 5, "test");
  EXPECT_FALSE(fixed.draw);
  EXPECT_EQ(fixed.size, 4U);
  EXPECT_NE(fixed.sample(0).arrays.at("tokens").values, fixed.sample(3).arrays.at("tokens").values);
  EXPECT_EQ(fixed.identity.at("samples"), 4);
  EXPECT_NE(fixed.identity, fresh.identity);
}

}  // namespace
}  // namespace everform
