#include "everform/domains/automata/step_recipe.h"

#include <utility>

#include "everform/core/base/error.h"
#include "everform/domains/automata/pattern_file.h"

namespace everform {

void add_step_keys(RecipeSchema& schema) {
  schema.text("data.rule", "B3/S23", "rule of the automaton: neighbour counts of birth and survival")
      .text("data.edge", "torus", "what lies beyond the border", {"torus", "dead"})
      .integers("data.widths", {6}, "sides of the square grids", 1, 1024)
      .integer("data.padded_cells", 0, "each grid is filled up with p to so many cells; 0: none is", 0,
               1 << 20)
      .text("data.order", "broad", "order parameter: from 0 to 1, or always 0.5", {"broad", "high"})
      .integer("data.samples", 0, "steps in the training set; 0: fresh ones in every batch", 0, 1 << 24)
      .text("data.states", "", "CSV file with columns State 1, State 2: train on its rows instead");
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

SampleSupply step_supply(const Recipe& recipe, bool answer_only, std::uint64_t seed, std::string purpose) {
  const StepData data = step_data(recipe);
  const std::int64_t batch = recipe.integer("training.batch");
  const std::int64_t samples = recipe.integer("data.samples");
  const std::string& states = recipe.text("data.states");
  SampleSupply supply{
      .purpose = std::move(purpose),
      .identity = {{"rule", rule_text(data.rule)}, {"seed", seed}, {"samples", samples}, {"states", states}}};
  if (states.empty() && samples == 0) {
    supply.draw = [data, answer_only, batch](RandomStream& random, std::int64_t item) {
      const Grid now = data.fresh_start(item, batch, random);
      return step_sample(now, data.next(now), data.strings, answer_only);
    };
    return supply;
  }
  const HeldOutSteps steps =
      states.empty() ? held_out_steps(data, samples, seed, supply.purpose) : steps_of_table(states);
  supply.sample = [steps, strings = data.strings, answer_only](std::size_t index) {
    return step_sample(steps.now[index], steps.next[index], strings, answer_only);
  };
  supply.size = steps.now.size();
  return supply;
}

OptionSpec width_option() {
  return {.name = "width",
          .type = OptionSpec::Type::kInteger,
          .value_name = "N",
          .help = "side of the grid; default: the recipe's data.widths"};
}

std::vector<OptionSpec> training_step_options() {
  return {{.name = "rule", .value_name = "Bx/Sy", .help = "rule to learn; default: the recipe's data.rule"},
          width_option(),
          {.name = "data",
           .value_name = "broad|high|FILE",
           .help = "order of the starts, or a CSV file of states"}};
}

Recipe recipe_with_steps(const ActionRequest& request) {
  Recipe recipe = request.recipe;
  if (request.has("rule")) {
    recipe.set("data.rule", request.text("rule"));
  }
  if (request.has("width")) {
    recipe.set("data.widths", std::vector{request.integer("width")});
  }
  if (request.has("data")) {
    const std::string data = request.text("data");
    recipe.set(data == "broad" || data == "high" ? "data.order" : "data.states", data);
  }
  return recipe;
}

StepData requested_steps(const ActionRequest& request) {
  StepData data = step_data(request.recipe);
  if (request.has("width")) {
    data.widths = {request.integer("width")};
  }
  return data;
}

std::vector<OptionSpec> start_options() {
  return {{.name = "input",
           .type = OptionSpec::Type::kPath,
           .value_name = "FILE",
           .help = "start: RLE, Life 1.06, .cells, 0/1 rows, CSV, PBM, PNG"},
          {.name = "pattern",
           .value_name = "NAME",
           .help = "start: a built-in pattern",
           .choices = built_in_pattern_names()}};
}

bool names_start(const ActionRequest& request) {
  return request.has("input") || request.has("pattern");
}

Grid chosen_start(const ActionRequest& request, const StepData& data) {
  if (!names_start(request)) {
    throw Error(ErrorKind::kUsage, "everform " + request.verb + " " + request.card->name, "no start is given",
                "name one with --input FILE or --pattern NAME");
  }
  const auto text = [&](const char* option) {
    return request.has(option) ? request.text(option) : std::string();
  };
  return start_from_pattern(text("input"), text("pattern"), data.widths, data.rule);
}

ActionResult tokenize_start(const ActionRequest& request) {
  const StepData data = step_data(request.recipe);
  const std::string prompt = data.strings.prompt(chosen_start(request, data));
  ActionResult result{.json = {{"text", prompt}}, .text = prompt + "\n"};
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    result.json["tokens"].push_back(static_cast<std::uint8_t>(prompt[i]));
    result.json["pieces"].push_back(std::string(1, prompt[i]));
    result.json["offsets"].push_back({i, i + 1});
  }
  return result;
}

}  // namespace everform
