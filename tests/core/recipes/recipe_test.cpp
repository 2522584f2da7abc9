#include "everform/core/recipes/recipe.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"

namespace everform {
namespace {

constexpr std::string_view kBuiltIn = R"(
default_preset = "tiny"
[model]
depth = 12
[presets.tiny.model]
depth = 4
[presets.paper.model]
width = 256
)";

RecipeSchema schema() {
  RecipeSchema keys;
  keys.integer("model.depth", 6, "blocks", 1, 100)
      .integer("model.width", 64, "width", 1, 4096)
      .number("training.learning_rate", 1e-3, "rate", 0, 1)
      .boolean("training.fast", false, "flag")
      .text("data.order", "broad", "law", {"broad", "high"})
      .integers("data.sizes", {4, 6}, "sizes", 1, 64);
  return keys;
}

Recipe resolve(RecipeRequest request = {}) {
  static const RecipeSchema keys = schema();
  request.system = "lifegpt";
  request.schema = &keys;
  request.built_in = kBuiltIn;
  request.file_name = "my.toml";
  return resolve_recipe(request);
}

std::string refusal(const RecipeRequest& request) {
  try {
    resolve(request);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  return "nothing was refused";
}

TEST(Recipe, OverlaysInOrder) {
  EXPECT_EQ(resolve().integer("model.depth"), 4) << "the default preset";
  EXPECT_EQ(resolve({.preset = "paper"}).integer("model.depth"), 12) << "the system's own value";
  EXPECT_EQ(resolve({.preset = "paper"}).integer("model.width"), 256);
  const Recipe recipe =
      resolve({.preset = "paper", .file_text = "[model]\nwidth = 32\ndepth = 3", .sets = {"model.depth=2"}});
  EXPECT_EQ(recipe.integer("model.width"), 32);
  EXPECT_EQ(recipe.integer("model.depth"), 2);
  EXPECT_EQ(resolve({.file_text = "preset = \"paper\""}).integer("model.width"), 256);
}

TEST(Recipe, SetTakesEveryType) {
  const Recipe recipe = resolve({.sets = {"training.learning_rate=1", "training.fast=true", "data.order=high",
                                          "data.sizes=[1, 2, 3]"}});
  EXPECT_EQ(recipe.number("training.learning_rate"), 1.0);
  EXPECT_TRUE(recipe.boolean("training.fast"));
  EXPECT_EQ(recipe.text("data.order"), "high");
  EXPECT_EQ(recipe.integers("data.sizes").size(), 3U);
}

TEST(Recipe, NamesFileLineKeyAndTheNearestName) {
  const std::string unknown = refusal({.file_text = "[model]\nwidth = 3\ndeph = 4"});
  EXPECT_NE(unknown.find("my.toml:3"), std::string::npos) << unknown;
  EXPECT_NE(unknown.find("did you mean \"model.depth\""), std::string::npos) << unknown;
  EXPECT_NE(refusal({.file_text = "[model]\nwidth = \"x\""}).find("an integer in 1..4096"),
            std::string::npos);
  EXPECT_NE(refusal({.file_text = "[model]\nwidth = 1.5"}).find("an integer"), std::string::npos);
  EXPECT_NE(refusal({.file_text = "[model]\nwidth = 0"}).find("1..4096"), std::string::npos);
  EXPECT_NE(refusal({.file_text = "[data]\norder = \"brod\""}).find("did you mean \"broad\""),
            std::string::npos);
  EXPECT_NE(refusal({.file_text = "[data]\nsizes = [1, \"a\"]"}).find("list of integers"), std::string::npos);
  EXPECT_NE(refusal({.file_text = "[model"}).find("my.toml:1"), std::string::npos);
  EXPECT_NE(refusal({.file_text = "system = \"sd3\""}).find("sd3"), std::string::npos);
  EXPECT_NE(refusal({.preset = "tny"}).find("did you mean \"tiny\""), std::string::npos);
  EXPECT_NE(refusal({.sets = {"model.depth"}}).find("key=value"), std::string::npos);
  EXPECT_NE(refusal({.sets = {"model.dept=3"}}).find("model.depth"), std::string::npos);
}

TEST(Recipe, HostileFilesAreRefusedNotFatal) {
  refusal({.file_text = "a = " + std::string(100'000, '[')});
  std::string dotted = "a";
  for (int i = 0; i < 100'000; ++i) {
    dotted += ".a";
  }
  refusal({.file_text = dotted + " = 1"});
  refusal({.file_text = std::string("\0\x01\xff", 3)});
  refusal({.file_text = "model = 1979-05-27"});
  refusal({.file_text = "model = {depth = {depth = 1}}"});
  refusal({.sets = {"data.sizes=" + std::string(100'000, '[')}});
}

TEST(Recipe, TomlReadsBackToTheSameRecipe) {
  const Recipe recipe =
      resolve({.sets = {"training.learning_rate=0.1", "data.sizes=[9]", "training.fast=true"}});
  const Recipe again = resolve({.file_text = recipe.to_toml()});
  EXPECT_EQ(recipe.to_json(), again.to_json());
  EXPECT_EQ(system_of_recipe(recipe.to_toml(), "x"), "lifegpt");
}

TEST(Recipe, SetFromCodeIsChecked) {
  Recipe recipe = resolve();
  recipe.set("model.depth", 9);
  EXPECT_EQ(recipe.integer("model.depth"), 9);
  EXPECT_THROW(recipe.set("model.depth", 0), Error);
  EXPECT_THROW(recipe.set("nothing", 0), Error);
  EXPECT_THROW(recipe.integer("training.fast"), Error);
}

}  // namespace
}  // namespace everform
