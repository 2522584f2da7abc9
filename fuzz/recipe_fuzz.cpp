// Recipes: any text as a recipe file and as --set options either resolves, and then reads back to itself, or
// is one Error.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "everform/core/base/error.h"
#include "everform/core/recipes/recipe.h"

namespace {

constexpr std::string_view kBuiltIn = R"(
default_preset = "tiny"
[model]
depth = 12
[presets.tiny.model]
depth = 4
[presets.paper.training]
steps = 50
)";

const everform::RecipeSchema& schema() {
  static const everform::RecipeSchema keys = [] {
    everform::RecipeSchema all;
    all.integer("model.depth", 6, "blocks", 1, 100)
        .text("data.order", "broad", "law", {"broad", "high"})
        .text("data.path", "", "file")
        .integers("data.sizes", {4, 6}, "sizes", 1, 64)
        .numbers("data.shares", {0.5}, "shares", 0, 1)
        .texts("data.names", {"a"}, "names");
    everform::add_training_keys(all);
    return all;
  }();
  return keys;
}

/// Every key answers as its own type, within its limits.
void read_all(const everform::Recipe& recipe) {
  const std::int64_t depth = recipe.integer("model.depth");
  const std::string& order = recipe.text("data.order");
  bool right = depth >= 1 && depth <= 100 && (order == "broad" || order == "high");
  for (const std::int64_t size : recipe.integers("data.sizes")) {
    right = right && size >= 1 && size <= 64;
  }
  for (const double share : recipe.numbers("data.shares")) {
    right = right && share >= 0 && share <= 1;
  }
  static_cast<void>(recipe.texts("data.names"));
  static_cast<void>(recipe.boolean("training.gradient_checkpointing"));
  if (!right || recipe.number("training.learning_rate") < 0) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  everform::RecipeRequest request{.system = "lifegpt",
                                  .schema = &schema(),
                                  .built_in = kBuiltIn,
                                  .preset = "",
                                  .file_text = "",
                                  .file_name = "f.toml",
                                  .sets = {}};
  // The first byte says where the rest goes.
  const std::string rest = text.empty() ? text : text.substr(1);
  switch (text.empty() ? 0 : text[0] % 4) {
    case 0:
      request.sets.push_back(rest);
      break;
    case 1:
      request.preset = rest;
      break;
    default:
      request.file_text = rest;
  }
  try {
    static_cast<void>(everform::system_of_recipe(rest, "f.toml"));
  } catch (const everform::Error&) {
    // Most inputs name no system.
  }
  try {
    const everform::Recipe recipe = everform::resolve_recipe(request);
    read_all(recipe);
    request = {.system = "lifegpt",
               .schema = &schema(),
               .built_in = kBuiltIn,
               .preset = "",
               .file_text = recipe.to_toml(),
               .file_name = "again.toml",
               .sets = {}};
    if (everform::resolve_recipe(request).to_json() != recipe.to_json()) {
      std::abort();
    }
  } catch (const everform::Error& error) {
    if (std::string_view(error.what()).empty()) {
      std::abort();
    }
  }
  return 0;
}
