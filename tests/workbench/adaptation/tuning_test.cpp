#include "everform/workbench/adaptation/tuning.h"

#include <gtest/gtest.h>

#include "everform/workbench/models/weights_io.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/models/small_configs.h"

namespace everform {
namespace {

Recipe recipe(const std::string& kind) {
  RecipeSchema schema;
  schema.text("tuning.kind", kind, "kind")
      .integer("tuning.rank", 2, "rank", 1, 8)
      .number("tuning.alpha", 4.0, "alpha", 0.0, 100.0)
      .texts("tuning.targets", {"q_proj"}, "targets")
      .integer("tuning.prompt_tokens", 3, "vectors", 1, 8);
  return resolve_recipe({.system = "toy", .schema = &schema});
}

TunedTransformer small_tuning() {
  auto model = std::make_shared<Transformer>(test::small_configs().at("llama"));
  test::randomise(*model, 3);
  return {model, nullptr};
}

TEST(Tuning, TrainsTheAdapterAloneOrEverything) {
  const std::pair<const char*, const char*> kKinds[] = {{"lora", "lora"}, {"prompt", "prompt-tuning"}};
  for (const auto& [kind, name] : kKinds) {
    TunedTransformer tuned = small_tuning();
    TrainingJob job{.recipe = recipe(kind)};
    set_tuning(job, tuned);
    ASSERT_NE(tuned.adapter, nullptr);
    EXPECT_EQ(tuned.adapter->kind(), name);
    EXPECT_EQ(job.modules.count("adapter"), 1U);
    EXPECT_EQ(job.objective->phases().at(0).parameters.size(), tuned.adapter->parameters().size());
  }
  TunedTransformer tuned = small_tuning();
  TrainingJob job{.recipe = recipe("full")};
  set_tuning(job, tuned);
  EXPECT_EQ(tuned.adapter, nullptr);
  EXPECT_EQ(job.objective->phases().at(0).parameters.size(), unique_parameters(*tuned.transformer).size());
}

TEST(Tuning, ARunEndsWithLoraMergedOrWithThePromptAlone) {
  TunedTransformer lora = small_tuning();
  TrainingJob job{.recipe = recipe("lora")};
  set_tuning(job, lora);
  {
    const torch::NoGradGuard no_grad;
    for (auto [name, weight] : lora.adapter->parameters()) {
      weight.fill_(0.5);
    }
  }
  const std::string query = "model.layers.0.self_attn.q_proj.weight";
  const torch::Tensor own = lora.transformer->named_parameters()[query].detach().clone();
  const auto merged = job.final_tensors();
  EXPECT_EQ(merged.size(), unique_parameters(*lora.transformer).size());
  EXPECT_FALSE(merged.at(query).equal(own));
  EXPECT_TRUE(lora.transformer->named_parameters()[query].equal(own)) << "it is taken out again";

  TunedTransformer prompt = small_tuning();
  TrainingJob soft{.recipe = recipe("prompt")};
  set_tuning(soft, prompt);
  EXPECT_EQ(soft.final_tensors().size(), 1U);
}

TEST(Tuning, MergingChangesNoLogit) {
  const test::TemporaryFolder folder;
  TunedTransformer tuned = small_tuning();
  save_transformer(*tuned.transformer, folder.path());
  TrainingJob job{.recipe = recipe("lora")};
  set_tuning(job, tuned);
  {
    const torch::NoGradGuard no_grad;
    for (auto [name, weight] : tuned.adapter->parameters()) {
      weight.fill_(0.25);
    }
  }
  tuned.adapter->save(folder.path() / "adapter.safetensors");
  EXPECT_LT(merging_difference(folder.path(), folder.path() / "adapter.safetensors", {1, 5, 9, 2}), 1e-10);
}

}  // namespace
}  // namespace everform
