#include "everform/domains/functions/curve_actions.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/core/io/csv.h"
#include "everform/domains/functions/batched_judge.h"
#include "everform/domains/functions/head_hypothesis.h"
#include "everform/domains/functions/law_claims.h"
#include "everform/domains/functions/task_recipe.h"
#include "everform/domains/functions/training_samples.h"
#include "tests/support/shared_data.h"

namespace everform::functions {
namespace {

Recipe recipe(const std::vector<std::string>& sets = {}) {
  static const RecipeSchema keys = [] {
    RecipeSchema schema;
    add_task_keys(schema);
    return schema;
  }();
  return resolve_recipe({.system = "toy", .schema = &keys, .built_in = "", .sets = sets});
}

TEST(BatchedJudge, SaysWhatTheLabelsSay) {
  const auto sequences = make_sequences(recipe({"task.points=7"}), 2 * kJudgedAtOnce + 3, 1, "test");
  std::vector<std::size_t> batches;
  const SequenceLabeller labeller = [&](std::span<const LabelledSequence> some) {
    batches.push_back(some.size());
    std::vector<bool> positive;
    for (const LabelledSequence& sequence : some) {
      for (std::size_t i = 0; i < sequence.labels.size(); ++i) {
        positive.push_back((sequence.labels[i] > 0) != (i == 4));  // wrong at index 4 alone
      }
    }
    return positive;
  };
  const AccuracyCurve curve = accuracy_curve("test", sequences, batched_judge(sequences, labeller));
  EXPECT_EQ(batches, (std::vector<std::size_t>{kJudgedAtOnce, kJudgedAtOnce, 3}));
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(curve.at(i), i == 4 ? 0.0 : 1.0);
  }
  EXPECT_EQ(figures_of(curve).at("last_quarter"), 1.0);
  EXPECT_NEAR(figures_of(curve).at("accuracy"), 6.0 / 7.0, 1e-12);
}

TEST(CurveActions, EvaluatesALearnerBesideItsBaselines) {
  const test::TemporaryFolder folder;
  ActionRequest request;
  request.recipe = recipe();
  request.options = {{"baselines", "null,nn1"}, {"plot", (folder.path() / "c.svg").string()}};
  request.common.out = (folder.path() / "c.csv").string();
  const CurveOf learner = [](std::span<const LabelledSequence> sequences) {
    return learner_curve("elimination", sequences);
  };
  const ActionResult result = evaluate_learner(request, request.recipe, 12, learner);
  EXPECT_EQ(result.json.at("sequences"), 12);
  ASSERT_EQ(result.json.at("curves").size(), 3U);
  EXPECT_EQ(result.json.at("curves")[2].at("name"), "nn1");
  EXPECT_EQ(read_csv(folder.path() / "c.csv").rows(), 30U);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "c.svg"));
  request.options["sequences"] = 0;
  EXPECT_THROW(evaluate_learner(request, request.recipe, 12, learner), Error);
}

TEST(LawClaims, LawsKeepThem) {
  Report report("toy", "Toy", 0, false);
  claim_task_laws(report);
  EXPECT_TRUE(report.all_hold());
  EXPECT_EQ(report.claims().front().id, "1");
}

TEST(LawClaims, CompareALearnerWithPlainOnes) {
  const auto sequences = make_sequences(recipe(), 50, 0, "test");
  const AccuracyCurve learner = learner_curve("elimination", sequences);
  Report report("toy", "Toy", 0, true);
  const auto curves = claim_conjunctions(report, learner, sequences);
  ASSERT_EQ(curves.size(), 5U);
  ASSERT_EQ(report.claims().size(), 3U);
  EXPECT_EQ(report.claims()[0].figure, learner.last_quarter());
  EXPECT_EQ(report.claims()[0].baseline, learner_curve("null", sequences).last_quarter());
  EXPECT_EQ(report.claims()[1].baseline, learner_curve("nn1", sequences).last_quarter());
  EXPECT_TRUE(report.all_hold()) << "elimination beats both";

  // Chance does not learn parities; what does breaks the claim that nothing in a context can.
  const auto parities = make_sequences(recipe({"task.name=parity"}), 3000, 0, "test");
  Report chance("toy", "Toy", 0, false);
  EXPECT_EQ(claim_parities(chance, learner_curve("null", parities), parities).size(), 3U);
  EXPECT_TRUE(chance.all_hold());
  Report broken("toy", "Toy", 0, false);
  claim_parities(broken, learner_curve("gf2", parities), parities);
  EXPECT_FALSE(broken.claims().front().holds());
  EXPECT_EQ(broken.claims().back().figure, 1.0);
}

TEST(LawClaims, LessonsMustHelp) {
  AccuracyCurve good("good", 8);
  AccuracyCurve poor("poor", 8);
  for (std::size_t i = 0; i < 8; ++i) {
    good.add(i, true);
    poor.add(i, i % 2 == 0);
  }
  Report report("toy", "Toy", 0, false);
  claim_lessons(report, {good, good, poor, poor, 1.0});
  EXPECT_TRUE(report.all_hold());
  Report useless("toy", "Toy", 0, false);
  claim_lessons(useless, {poor, poor, poor, good, 1.0});
  EXPECT_FALSE(useless.all_hold());
}

TEST(HeadHypothesis, NamesRowsOfItsSequences) {
  const auto sequences = make_sequences(recipe({"task.points=6"}), 3, 0, "test");
  const HeadHypothesis near = head_hypothesis("nearest-neighbour", sequences);
  EXPECT_EQ(near.sequences, sequences);
  EXPECT_EQ(near.pairs.queries.size(), 9U);
  const HeadHypothesis twice = head_hypothesis("induction", sequences);
  EXPECT_EQ(twice.sequences[1].points[4], twice.sequences[1].points[1]);
  EXPECT_EQ(twice.pairs.keys[1], twice.pairs.queries[1] - 2 * 3 + 1);
  EXPECT_THROW(head_hypothesis("inductoin", sequences), Error);
}

TEST(TrainingSamples, ComeFromTheLawAndFitTheNetwork) {
  const SampleSupply supply = training_samples(recipe({"task.points=5"}), 3);
  RandomStream random(3, supply.purpose, 0, 1);
  EXPECT_EQ(decode_sequence(supply.draw(random, 1)).points.size(), 5U);
  EXPECT_EQ(supply.identity.at("seed"), 3);
  EXPECT_NO_THROW(check_problem_fits(recipe(), 10, 60, "toy"));
  EXPECT_THROW(check_problem_fits(recipe(), 10, 59, "toy"), Error);
  EXPECT_THROW(check_problem_fits(recipe(), 9, 60, "toy"), Error);
}

}  // namespace
}  // namespace everform::functions
