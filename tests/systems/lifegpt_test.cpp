#include "everform/systems/lifegpt/lifegpt.h"

#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/domains/automata/known_facts.h"
#include "everform/domains/automata/step_scores.h"
#include "everform/systems/all_cards.h"
#include "everform/workbench/evaluation/hidden_keys.h"
#include "everform/workbench/objectives/forgetful_masking.h"
#include "everform/workbench/sampling/autoregressive.h"
#include "tests/support/shared_data.h"

namespace everform {

const SystemCard& lifegpt_card();
void bind_lifegpt(SystemRuntime& runtime);

namespace {

Recipe recipe(const std::string& preset, const std::vector<std::string>& sets = {}) {
  const SystemCard& card = lifegpt_card();
  return resolve_recipe(
      {.system = card.name, .schema = &card.schema, .built_in = card.recipe, .preset = preset, .sets = sets});
}

ActionRequest request(const std::string& verb, const std::string& preset,
                      const std::vector<std::string>& sets = {}) {
  ActionRequest made;
  made.card = &lifegpt_card();
  made.verb = verb;
  made.common.quiet = true;
  made.recipe = recipe(preset, sets);
  made.options = nlohmann::json::object();
  for (const OptionSpec& option : lifegpt_card().find_action(verb)->options) {
    if (!option.default_value.is_null()) {
      made.options[option.name] = option.default_value;
    }
  }
  return made;
}

/// A decoder that writes the true next grid behind every prompt, through the interface of real ones; in
/// generation `flip_at` of its prompts the first cell is wrong.
class RuleFollower : public StepModel {
 public:
  RuleFollower(std::int64_t side, std::int64_t flip_at) : side_(side), flip_at_(flip_at) {}

  std::size_t vocabulary() const override { return 256; }
  std::size_t context() const override { return 4096; }
  std::unique_ptr<SequenceState> new_sequence() const override { return std::make_unique<State>(); }
  std::size_t cache_bytes_per_token() const override { return sizeof(TokenId); }

  void prefill(SequenceState& state, std::span<const TokenId> tokens,
               std::span<float> logits) const override {
    std::string& text = static_cast<State&>(state).text;
    text.append(tokens.begin(), tokens.end());
    const std::size_t opening = GridString::kOpening.size();
    const std::size_t cells = static_cast<std::size_t>(side_ * side_);
    Grid next = step(grid_from_cells(std::string_view(text).substr(opening, cells), side_, side_, "fake"));
    if (generation == flip_at_) {
      next.set(0, 0, !next.at(0, 0));
    }
    const std::string whole = text.substr(0, opening + cells) + "> [" + cells_text(next) + "]$";
    std::fill(logits.begin(), logits.end(), 0.0F);
    logits[static_cast<std::uint8_t>(whole.at(text.size()))] = 30.0F;
  }
  void prefill_all(SequenceState&, std::span<const TokenId>, std::span<float>) const override { FAIL(); }
  void step(std::span<SequenceState* const> states, std::span<const TokenId> tokens,
            std::span<float> logits) const override {
    for (std::size_t i = 0; i < states.size(); ++i) {
      prefill(*states[i], tokens.subspan(i, 1), logits.subspan(i * vocabulary(), vocabulary()));
    }
  }

  std::int64_t generation = 0;

 private:
  struct State : SequenceState {
    std::string text;
    std::size_t length() const override { return text.size(); }
    std::unique_ptr<SequenceState> clone() const override { return std::make_unique<State>(*this); }
    void truncate(std::size_t length) override { text.resize(length); }
  };
  static Grid step(const Grid& grid) { return everform::step(grid); }

  std::int64_t side_;
  std::int64_t flip_at_;
};

PromptCompleter completer(RuleFollower& model, std::int64_t side) {
  return [&model, side](const std::vector<std::string>& prompts, std::int64_t generation) {
    model.generation = generation;
    std::vector<std::vector<TokenId>> tokens;
    for (const std::string& prompt : prompts) {
      tokens.emplace_back(prompt.begin(), prompt.end());
    }
    std::vector<std::string> answers;
    for (const std::vector<TokenId>& drawn : sample_autoregressive(
             model, tokens,
             {.max_tokens = GridString().answer_bytes(side * side), .end = GridString::kEnd})) {
      answers.emplace_back(drawn.begin(), drawn.end());
    }
    return answers;
  };
}

TEST(LifeGpt, PublishedNetworkHasItsParametersAndStringLength) {
  const TransformerConfig config = lifegpt::network(recipe("paper"));
  EXPECT_EQ(parameter_count(config), 12'735'744);
  EXPECT_EQ(config.context, 2071);
  EXPECT_EQ(config.rotary.dimensions, 32);
  std::int64_t counted = 0;
  for (const torch::Tensor& parameter : Transformer(config).parameters()) {
    counted += parameter.numel();
  }
  EXPECT_EQ(counted, 12'735'744);

  const CheckCount strings = check_string_facts(3);
  EXPECT_EQ(strings.passed, strings.run);
  EXPECT_EQ(lifegpt::network(recipe("paper-multigrid")).context, 2 * 256 + 23);
  EXPECT_EQ(lifegpt::network(recipe("tiny")).context, 95);
  EXPECT_EQ(lifegpt::network(recipe("tiny8")).context, 151);
}

TEST(LifeGpt, OracleFactsHold) {
  const CheckCount facts = check_oracle_facts();
  EXPECT_EQ(facts.passed, facts.run);
}

TEST(LifeGpt, RolloutIsExactWhenTheModelIs) {
  const HeldOutSteps starts = held_out_steps({.widths = {7}}, 4, 2, "test.starts");
  std::vector<std::vector<Grid>> truths;
  for (const Grid& start : starts.now) {
    truths.push_back(orbit(start, 50));
  }
  RuleFollower model(7, 0);
  const auto runs = roll_out(starts.now, 50, {}, completer(model, 7));
  EXPECT_EQ(runs, truths);
  EXPECT_EQ(divergence_curve(runs, truths), std::vector<double>(51, 0.0));
}

TEST(LifeGpt, OneFlippedBitGivesTheTrueDivergence) {
  constexpr std::int64_t kFlip = 9;
  RandomStream random(3, "test.flip");
  const Grid start = random_grid(10, 10, 0.45, random);
  const std::vector<Grid> truth = orbit(start, 30);
  RuleFollower model(10, kFlip);
  const std::vector<double> curve =
      divergence_curve(roll_out({start}, 30, {}, completer(model, 10)), {truth});
  Grid other = truth[kFlip];
  other.set(0, 0, !other.at(0, 0));
  for (std::int64_t t = 0; t <= 30; ++t) {
    const auto at = static_cast<std::size_t>(t);
    EXPECT_EQ(curve[at], t < kFlip ? 0.0 : static_cast<double>(differing_cells(other, truth[at])) / 100.0)
        << t;
    other = t < kFlip ? other : step(other);
  }
}

TEST(LifeGpt, ForgetfulMaskingHidesInTrainingAndNotInEvaluation) {
  lifegpt::Model model;
  TrainingJob job =
      lifegpt::make_job(request("train", "tiny", {"objective.forget=0.15", "model.depth=2"}), model);
  const Batch batch = job.batches->batch(0, 0, 4);
  const Phase phase = job.objective->phases().at(0);
  const auto loss = [&](std::int64_t step, bool training) {
    return phase.loss(batch, {.seed = 1, .step = step, .first_item = 0, .training = training})
        .sum.item<double>();
  };
  EXPECT_NE(loss(1, true), loss(2, true));
  EXPECT_EQ(loss(1, false), loss(2, false));
  EXPECT_NE(loss(1, true), loss(1, false));

  const std::int64_t tokens = model.transformer->config().context;
  const torch::Tensor hidden = forgetful_key_mask(16, tokens, 0.15, {.seed = 1}).logical_not();
  EXPECT_FALSE(hidden.select(1, 0).any().item<bool>());
  EXPECT_TRUE((hidden.sum(1) == static_cast<std::int64_t>(std::floor(0.15 * 95))).all().item<bool>());
  const torch::Tensor text = torch::full({16, tokens}, '0', torch::kLong);
  EXPECT_EQ(hidden_key_effect(*model.transformer, text, text + 1, hidden, true), 0.0);
  EXPECT_GT(hidden_key_effect(*model.transformer, text, text + 1, hidden, false), 0.0);
}

TEST(LifeGpt, BatchesAreStringsOfTrueSteps) {
  lifegpt::Model model;
  const TrainingJob job =
      lifegpt::make_job(request("train", "tiny", {"data.widths=[3, 5]", "data.rule=B36/S23"}), model);
  const Batch batch = job.batches->batch(7, 0, 8);
  EXPECT_EQ(batch.at("tokens").size(0), 8);
  for (std::int64_t i = 0; i < 8; ++i) {
    std::string text(1, '@');
    const torch::Tensor targets = batch.at("targets")[i];
    for (std::int64_t k = 0; k < targets.size(0) && text.back() != '$'; ++k) {
      text.push_back(static_cast<char>(targets[k].item<std::int64_t>()));
    }
    const std::int64_t side = text.size() == 41 ? 3 : 5;
    const auto [now, next] = parse_sample(text, {}, side, side, "batch");
    EXPECT_EQ(next, step(now, parse_rule("B36/S23", "test")));
    EXPECT_EQ(batch.at("mask")[i].sum().item<std::int64_t>(), side * side + 4);
  }
  EXPECT_TRUE(
      torch::equal(job.batches->batch(7, 3, 2).at("tokens")[0],
                   batch.at("tokens")[3].narrow(0, 0, job.batches->batch(7, 3, 2).at("tokens").size(1))));
}

TEST(LifeGpt, BadGridsAreRefusedWithTheirPlace) {
  const CheckCount facts = check_bad_input_facts();
  EXPECT_EQ(facts.passed, facts.run);
  const test::TemporaryFolder folder;
  write_file(folder.path() / "bad.txt", "010\n0x0\n");
  ActionRequest asked = request("tokenize", "tiny");
  asked.options["input"] = (folder.path() / "bad.txt").string();
  try {
    lifegpt_card().find_action("tokenize")->run(asked);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_status(), 3);
    EXPECT_TRUE(error.where().ends_with("bad.txt:2:2")) << error.where();
  }
}

TEST(LifeGpt, TokenizeGivesThePrompt) {
  ActionRequest asked = request("tokenize", "tiny");
  asked.options["pattern"] = "blinker";
  const ActionResult result = lifegpt_card().find_action("tokenize")->run(asked);
  const std::string prompt = "@PredictNextState<000000000000011100000000000000000000>";
  EXPECT_EQ(result.json.at("text"), prompt);
  ASSERT_EQ(result.json.at("tokens").size(), prompt.size());
  EXPECT_EQ(result.json.at("tokens")[0], '@');
  EXPECT_EQ(result.json.at("offsets")[54], (nlohmann::json{54, 55}));
}

TEST(LifeGpt, AWrongRecipeIsAUsageError) {
  for (const char* set :
       {"data.rule=B9/S23", "data.padded_cells=10", "data.widths=[]", "model.head_width=23"}) {
    try {
      lifegpt::network(recipe("tiny", {set}));
      ADD_FAILURE() << set;
    } catch (const Error& error) {
      EXPECT_EQ(error.exit_status(), 2) << set << ": " << error.what();
    }
  }
}

TEST(LifeGpt, TrainsGeneratesEvaluatesAndAnalyses) {
  const test::TemporaryFolder folder;
  SystemRuntime runtime;
  bind_lifegpt(runtime);
  const std::string run = (folder.path() / "run").string();
  ActionRequest train = request("train", "tiny",
                                {"training.steps=4", "training.batch=4", "model.width=32", "model.depth=1",
                                 "model.heads=2", "training.evaluate_every=4", "training.sample_every=4"});
  train.options["width"] = 4;
  train.common.out = run;
  const ActionResult trained = (*runtime.find("lifegpt", "train"))(train);
  EXPECT_EQ(trained.json.at("steps"), 4);
  EXPECT_TRUE(std::filesystem::exists(run + "/model.safetensors"));
  EXPECT_FALSE(std::filesystem::is_empty(run + "/samples"));

  const auto on_model = [&](const std::string& verb) {
    ActionRequest made = request(verb, "tiny", {"data.widths=[4]"});
    made.model = run;
    return made;
  };
  ActionRequest evaluate = on_model("evaluate");
  evaluate.options["grids"] = 5;
  evaluate.options["order"] = "0:1:3";
  evaluate.options["temperature"] = "0,1";
  evaluate.common.out = (folder.path() / "accuracy.csv").string();
  const ActionResult scores = (*runtime.find("lifegpt", "evaluate"))(evaluate);
  EXPECT_EQ(scores.json.at("table").size(), 6U);
  EXPECT_NE(scores.text.find("all dead"), std::string::npos);
  EXPECT_TRUE(std::filesystem::exists(evaluate.common.out));

  ActionRequest analyse = on_model("analyse");
  analyse.options["rollout"] = 3;
  analyse.options["starts"] = 2;
  const ActionResult curve = (*runtime.find("lifegpt", "analyse"))(analyse);
  EXPECT_EQ(curve.json.at("divergence").size(), 4U);
  EXPECT_EQ(curve.json.at("divergence")[0], 0.0);

  // So short a training answers with nonsense, which a rollout must say instead of going on.
  ActionRequest generate = on_model("generate");
  generate.options["pattern"] = "glider";
  generate.common.out = (folder.path() / "glider.gif").string();
  EXPECT_THROW((*runtime.find("lifegpt", "generate"))(generate), Error);
  generate.options["rollout"] = 0;
  EXPECT_EQ((*runtime.find("lifegpt", "generate"))(generate).json.at("count"), 1);
  EXPECT_TRUE(std::filesystem::exists(generate.common.out));
  generate.model.clear();
  EXPECT_THROW((*runtime.find("lifegpt", "generate"))(generate), Error);
}

}  // namespace
}  // namespace everform
