#include "everform/domains/functions/learner.h"
#include "everform/domains/functions/task_recipe.h"

namespace everform {

extern const std::string_view icl_discrete_recipe_toml;

namespace {

using Type = OptionSpec::Type;

RecipeSchema make_schema() {
  RecipeSchema schema;
  functions::add_task_keys(schema);
  schema
      .text("model.backbone", "attention", "mixer of the blocks",
            {"attention", "linear-attention", "retention", "lstm"})
      .integer("model.width", 64, "width of the residual stream", 1, 65536)
      .integer("model.depth", 4, "blocks", 1, 1000)
      .integer("model.heads", 4, "attention heads", 1, 1024)
      .number("model.initial_deviation", 0.02, "standard deviation of the initial weights", 0.0, 10.0)
      .integer("model.context", 64, "learned positions, two for each example", 2, 1'000'000)
      .text("adaptation.freeze", "none", "what is not trained", {"none", "mixers-and-mlps", "all-but-ends"});
  add_training_keys(schema);
  return schema;
}

OptionSpec option(const char* name, Type type, const char* value, const char* help,
                  nlohmann::json otherwise = nullptr) {
  return {
      .name = name, .type = type, .value_name = value, .help = help, .default_value = std::move(otherwise)};
}

std::vector<ActionSpec> make_actions() {
  OptionSpec heads = option("heads", Type::kText, "KIND", "attention of each head to where KIND says");
  heads.choices = {"nearest-neighbour", "induction"};
  return {
      {.verb = "train",
       .help = "trains a network to label points of a function that it sees examples of",
       .example =
           "everform train icl-discrete --task conjunction --n 10 --points 30 --preset tiny --out runs/conj",
       .options = functions::with_task_options(
           {option("start", Type::kPath, "RUN", "a run whose weights to begin with")})},
      {.verb = "evaluate",
       .help =
           "accuracy at each example index beside plain learners, of a trained network or a language model",
       .example = "everform evaluate icl-discrete --model runs/conj --baselines null,nn1,elimination --plot "
                  "curve.svg",
       .options = functions::with_task_options(
           {option("baselines", Type::kText, "LIST", "of null, nn1, nn3, averaging, elimination, gf2",
                   "null,nn1"),
            option("sequences", Type::kInteger, "N", "sequences to label (default 1024, with --llm 20)"),
            option("plot", Type::kPath, "FILE", "draws the curves as SVG"),
            option("llm", Type::kText, "MODEL", "lets a language model label the points"),
            option("plain", Type::kFlag, "", "prompts a chat model with plain text")})},
      {.verb = "generate",
       .help = "draws labelled sequences as a table",
       .example =
           "everform generate icl-discrete --task teach-conjunction --n 5 --count 100 --out sequences.csv",
       .options = functions::with_task_options({option("count", Type::kInteger, "N", "sequences", 10)}),
       .run = functions::generate_sequences},
      {.verb = "analyse",
       .help = "what heads look at, other backbones, frozen layers (the last two train small models)",
       .example = "everform analyse icl-discrete --model runs/conj --heads nearest-neighbour",
       .options = functions::with_task_options(
           {heads, option("sequences", Type::kInteger, "N", "sequences to measure on", 256),
            option("backbones", Type::kFlag, "", "trains each kind of mixer on the task"),
            option("frozen", Type::kFlag, "",
                   "trains with frozen layers: fresh ones, and those of --model")})},
      {.verb = "reproduce",
       .help = "learns to learn conjunctions, profits from teaching sequences, and fails at parity",
       .example = "everform reproduce icl-discrete"},
  };
}

}  // namespace

const SystemCard& icl_discrete_card() {
  static const SystemCard card = {.name = "icl-discrete",
                                  .title = "In-context learning of discrete functions",
                                  .paper = "arXiv 2310.03016 (ICLR 2024)",
                                  .domain = "functions",
                                  .state = SystemCard::State::kWorks,
                                  .summary =
                                      "Reads labelled examples of a hidden Boolean function, a new one each "
                                      "time, and labels the next point.",
                                  .schema = make_schema(),
                                  .recipe = icl_discrete_recipe_toml,
                                  .presets = {"tiny", "tiny-parity", "tiny-teach", "paper"},
                                  .actions = make_actions()};
  return card;
}

}  // namespace everform
