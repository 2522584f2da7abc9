#include "everform/core/base/error.h"
#include "everform/domains/automata/pattern_file.h"
#include "everform/systems/lifegpt/settings.h"

namespace everform::lifegpt {

RecipeSchema recipe_schema() {
  RecipeSchema keys;
  keys.integer("model.width", 96, "width of the residual stream", 8, 65536)
      .integer("model.depth", 4, "blocks", 1, 1000)
      .integer("model.heads", 4, "attention heads", 1, 1024)
      .integer("model.head_width", 24, "dimensions of a head", 2, 4096)
      .integer("model.rotary_dimensions", 0, "leading dimensions of a head that are rotated; 0: all", 0, 4096)
      .number("model.initial_deviation", 0.02, "standard deviation of the initial weights", 0.0, 10.0)
      .text("data.rule", "B3/S23", "rule of the automaton: neighbour counts of birth and survival")
      .text("data.edge", "torus", "what lies beyond the border", {"torus", "dead"})
      .integers("data.widths", {6}, "sides of the square grids", 1, 1024)
      .integer("data.padded_cells", 0, "each grid is filled up with p to so many cells; 0: none is", 0,
               1 << 20)
      .text("data.order", "broad", "order parameter: from 0 to 1, or always 0.5", {"broad", "high"})
      .integer("data.samples", 0, "steps in the training set; 0: fresh ones in every batch", 0, 1 << 24)
      .text("data.states", "", "CSV file with columns State 1, State 2: train on its rows instead")
      .text("objective.loss_on", "answer", "bytes whose prediction is learned", {"all", "answer"})
      .number("objective.forget", 0.0, "share of bytes hidden in training (forgetful causal masking)", 0.0,
              0.99);
  add_training_keys(keys);
  return keys;
}

TransformerConfig network(const Recipe& recipe) {
  const StepData data = step_data(recipe);
  TransformerConfig config{.vocabulary = 256,
                           .width = recipe.integer("model.width"),
                           .depth = recipe.integer("model.depth"),
                           .heads = recipe.integer("model.heads"),
                           .kv_heads = recipe.integer("model.heads"),
                           .head_width = recipe.integer("model.head_width"),
                           .ff_width = 4 * recipe.integer("model.width"),
                           .context = data.strings.sample_bytes(data.largest()),
                           .norm = NormKind::kLayerNorm,
                           .rotary = {.dimensions = recipe.integer("model.rotary_dimensions")},
                           .activation = Activation::kGelu,
                           .gated_mlp = false,
                           .mlp_bias = true,
                           .eos = {GridString::kEnd}};
  try {
    validate(config, "the recipe's model");
  } catch (const Error& error) {
    throw Error(ErrorKind::kUsage, error.where(), error.message(), error.hint());
  }
  return config;
}

StepData step_data(const Recipe& recipe) {
  StepData data{.rule = parse_rule(recipe.text("data.rule"), "the recipe's data.rule"),
                .edge = parse_edge(recipe.text("data.edge")),
                .widths = recipe.integers("data.widths"),
                .strings = {.padded_cells = recipe.integer("data.padded_cells")},
                .order = parse_order_range(recipe.text("data.order"))};
  const std::int64_t room = data.strings.padded_cells;
  if (data.widths.empty() || (room > 0 && data.largest() > room)) {
    throw Error(ErrorKind::kUsage, "the recipe's data.widths",
                "no width, or one whose square is over data.padded_cells", "name widths that fit");
  }
  return data;
}

Grid chosen_start(const ActionRequest& request, const StepData& data) {
  const auto text = [&](const char* option) {
    return request.has(option) ? request.text(option) : std::string();
  };
  if (!request.has("input") && !request.has("pattern")) {
    throw Error(ErrorKind::kUsage, "everform " + request.verb + " lifegpt", "no start is given",
                "name one with --input FILE or --pattern NAME");
  }
  return start_from_pattern(text("input"), text("pattern"), data.widths, data.rule);
}

}  // namespace everform::lifegpt
