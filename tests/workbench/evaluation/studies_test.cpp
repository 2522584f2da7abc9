// Studies of vector networks: heads, variants, causality, answers.
#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/workbench/evaluation/causality.h"
#include "everform/workbench/evaluation/forgetting_facts.h"
#include "everform/workbench/evaluation/head_study.h"
#include "everform/workbench/evaluation/strided_answers.h"
#include "everform/workbench/evaluation/training_study.h"
#include "everform/workbench/layers/init.h"
#include "everform/workbench/objectives/per_position_bce.h"

namespace everform {
namespace {

TransformerConfig small(bool causal) {
  return {.width = 8,
          .depth = 2,
          .heads = 2,
          .ff_width = 16,
          .context = 12,
          .positions = PositionKind::kLearned,
          .causal = causal};
}

std::shared_ptr<Transformer> vector_network(bool causal = true) {
  auto network =
      std::make_shared<Transformer>(small(causal), TransformerOptions{.width_in = 3, .width_out = 1});
  initialise(*network, 5, {.deviation = 0.5});
  return network;
}

torch::Tensor vectors() {
  torch::Tensor made = torch::empty({4, 10, 3});
  fill_normal(made, 1, "test.vectors", 1.0);
  return made;
}

TEST(Causality, TellsCausalNetworksFromOthers) {
  EXPECT_EQ(causal_places(*vector_network(), vectors(), 2), 5);
  // The last place sees no later row but the one that follows it.
  EXPECT_LT(causal_places(*vector_network(false), vectors(), 2), 2);
}

TEST(StridedAnswers, AreTheSignsOfTheLogits) {
  const auto network = vector_network();
  const std::vector<bool> answers = strided_answers(*network, vectors(), 2);
  const torch::Tensor logits = strided_logits(*network, vectors(), 2).flatten();
  ASSERT_EQ(answers.size(), 20U);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i], logits[static_cast<std::int64_t>(i)].item<float>() > 0);
  }
}

TEST(HeadStudy, MeasuresEachHeadOfEachBlock) {
  const auto network = vector_network();
  // From row 1 of each item to rows 0 and 1: all that a causal row 1 can look at.
  const auto mass_to = [&](std::int64_t key) {
    return study_heads(*network, {.vectors = vectors()}, {1, 1, 1, 1}, {key, key, key, key});
  };
  const HeadStudy first = mass_to(0);
  const HeadStudy own = mass_to(1);
  EXPECT_EQ(first.uniform, 0.5);
  ASSERT_EQ(first.mass.size(), 2U);
  for (std::size_t block = 0; block < 2; ++block) {
    ASSERT_EQ(first.mass[block].size(), 2U);
    for (std::size_t head = 0; head < 2; ++head) {
      EXPECT_NEAR(first.mass[block][head] + own.mass[block][head], 1.0, 1e-6);
    }
  }
  EXPECT_EQ(to_json(first).at("uniform"), 0.5);
  EXPECT_NE(to_text(first).find("block 1, each head"), std::string::npos);
}

TEST(TrainingStudy, TrainsEveryChoiceFromEveryStart) {
  RecipeSchema schema;
  schema.text("model.kind", "a", "kind", {"a", "b"});
  const Recipe recipe = resolve_recipe({.system = "toy", .schema = &schema});
  const auto variants = variants_of(recipe, "model.kind", {"a", "b"}, {{"fresh ", ""}, {"old ", "run"}});
  ASSERT_EQ(variants.size(), 4U);
  EXPECT_EQ(variants[3].name, "old b");
  EXPECT_EQ(variants[3].start, "run");
  EXPECT_EQ(variants[3].recipe.text("model.kind"), "b");
  EXPECT_THROW(variants_of(recipe, "model.kind", {"c"}, {{}}), Error);

  StudyTable table({"score"});
  int trained = 0;
  study_trainings(table, variants, std::filesystem::temp_directory_path() / "everform-no-such-run", "nothing",
                  [&](const StudyVariant& variant, const std::filesystem::path&) -> StudyFigures {
                    ++trained;
                    return {{variant.start.empty() ? 0.25 : 0.5}, 7};
                  });
  table.add("baseline", {0.125}, std::nullopt);
  EXPECT_EQ(trained, 4);
  ASSERT_EQ(table.rows().size(), 5U);
  EXPECT_EQ(table.rows()[2], (nlohmann::json{{"name", "old a"}, {"score", 0.5}, {"trained_parameters", 7}}));
  EXPECT_TRUE(table.rows()[4].at("trained_parameters").is_null());
  EXPECT_NE(table.text().find("fresh b"), std::string::npos);
  EXPECT_EQ(figure_row("x", {0.5}).size(), 32U + 8U + 1U);
}

TEST(ForgettingFacts, TheMaskHidesExactlyItsShare) {
  TransformerConfig config = small(true);
  config.vocabulary = 128;
  Transformer network(config);
  initialise(network, 2, {.deviation = 0.5});
  const ForgettingFacts facts = measure_forgetting(network, 0.25, 6, 3);
  EXPECT_EQ(facts.sequences, 6);
  EXPECT_EQ(facts.first_hidden, 0);
  EXPECT_EQ(facts.exact, 6);
  EXPECT_EQ(facts.effect, 0.0);
  EXPECT_GT(facts.unmasked_effect, 0.0);
}

}  // namespace
}  // namespace everform
