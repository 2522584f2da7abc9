#include "everform/domains/automata/pattern.h"
#include "everform/systems/lifegpt/settings.h"

namespace everform {

extern const std::string_view lifegpt_recipe_toml;

namespace {

using Type = OptionSpec::Type;

OptionSpec option(const char* name, Type type, const char* value, const char* help,
                  nlohmann::json standard = nullptr) {
  return {
      .name = name, .type = type, .value_name = value, .help = help, .default_value = std::move(standard)};
}

OptionSpec choice(const char* name, const char* help, std::vector<std::string> choices) {
  return {.name = name, .value_name = "NAME", .help = help, .choices = std::move(choices)};
}

/// The prompt of a start, byte by byte.
ActionResult tokenize(const ActionRequest& request) {
  const StepData data = lifegpt::step_data(request.recipe);
  const std::string prompt = data.strings.prompt(lifegpt::chosen_start(request, data));
  ActionResult result{.json = {{"text", prompt}}, .text = prompt + "\n"};
  for (std::size_t i = 0; i < prompt.size(); ++i) {
    result.json["tokens"].push_back(static_cast<std::uint8_t>(prompt[i]));
    result.json["pieces"].push_back(std::string(1, prompt[i]));
    result.json["offsets"].push_back({i, i + 1});
  }
  return result;
}

std::vector<ActionSpec> actions() {
  const OptionSpec input =
      option("input", Type::kPath, "FILE", "start: RLE, Life 1.06, .cells, 0/1 rows, CSV, PBM, PNG");
  const OptionSpec pattern = choice("pattern", "start: a built-in pattern", built_in_pattern_names());
  const OptionSpec width =
      option("width", Type::kInteger, "N", "side of the grid; default: the recipe's data.widths");
  const OptionSpec heat = option("temperature", Type::kText, "T,...", "0 takes the likeliest byte", "0");
  return {
      {.verb = "train",
       .help = "learns a rule from random starts",
       .example = "everform train lifegpt --preset tiny --rule B3/S23 --out runs/life",
       .options = {option("rule", Type::kText, "Bx/Sy", "rule to learn; default: the recipe's data.rule"),
                   width,
                   option("data", Type::kText, "broad|high|FILE",
                          "order of the starts, or a CSV file of states")}},
      {.verb = "generate",
       .help = "rolls the model out: each grid it writes is its next prompt",
       .example =
           "everform generate lifegpt --model runs/life --pattern glider --rollout 24 --out glider.gif",
       .options = {input, pattern, width, heat, option("rollout", Type::kInteger, "N", "generations", 20),
                   option("count", Type::kInteger, "N", "random starts, where none is named", 1),
                   choice("compare", "the true automaton beside it, wrong cells marked", {"oracle"})}},
      {.verb = "evaluate",
       .help = "accuracy on held-out grids beside that of the all-dead answer",
       .example =
           "everform evaluate lifegpt --model runs/life --order 0:1:11 --temperature 0,1 --out accuracy.csv",
       .options = {heat, width, option("order", Type::kText, "A:B:N", "a row for each order parameter"),
                   option("grids", Type::kInteger, "N", "grids of a row", 256)}},
      {.verb = "analyse",
       .help = "how fast rollouts leave the true orbit, and accuracy by grid size",
       .example = "everform analyse lifegpt --model runs/life --rollout 50 --out divergence.csv",
       .options = {option("rollout", Type::kInteger, "N", "generations", 50),
                   option("starts", Type::kInteger, "N", "random starts", 32),
                   option("order", Type::kNumber, "P", "order parameter of the starts", 0.4),
                   option("widths", Type::kText, "N,...", "sides of the grids that are scored")}},
      {.verb = "tokenize",
       .help = "the prompt string of a start",
       .example = "everform tokenize lifegpt --input glider.rle",
       .options = {input, pattern, width},
       .run = tokenize},
      {.verb = "reproduce",
       .help = "every claim against its baseline: trains the tiny model and scores it",
       .example = "everform reproduce lifegpt --out runs/lifegpt-report"}};
}

}  // namespace

const SystemCard& lifegpt_card() {
  static const SystemCard card{
      .name = "lifegpt",
      .title = "LifeGPT: a topology-agnostic transformer for cellular automata",
      .paper = "arXiv 2409.12182 (2024)",
      .domain = "automata",
      .state = SystemCard::State::kWorks,
      .summary =
          "A byte-level decoder reads a grid of the Game of Life as a string and writes the "
          "next generation, without being told size, neighbourhood or border.",
      .schema = lifegpt::recipe_schema(),
      .recipe = lifegpt_recipe_toml,
      .presets = {"tiny", "tiny8", "tiny-multigrid", "paper", "paper-multigrid"},
      .actions = actions(),
      .network = lifegpt::network};
  return card;
}

}  // namespace everform
