#include "everform/domains/functions/curve_actions.h"
#include "everform/domains/functions/head_hypothesis.h"
#include "everform/domains/functions/task_recipe.h"
#include "everform/systems/card_file.h"
#include "everform/systems/card_options.h"
#include "everform/systems/stack_recipe.h"

namespace everform {

extern const std::string_view icl_discrete_card_toml;
extern const std::string_view icl_discrete_recipe_toml;

namespace {

TransformerConfig network(const Recipe& recipe) {
  return gpt2_stack(recipe, recipe.integer("model.context"));
}

std::int64_t parameters(const Recipe& recipe) {
  return vector_stack_parameters(network(recipe), recipe.text("model.backbone"), recipe.integer("task.n"), 1);
}

RecipeSchema make_schema() {
  RecipeSchema schema;
  functions::add_task_keys(schema);
  add_stack_keys(schema, {});
  schema
      .text("model.backbone", "attention", "mixer of the blocks",
            {"attention", "linear-attention", "retention", "lstm"})
      .integer("model.context", 64, "learned positions, two for each example", 2, 1'000'000)
      .text("adaptation.freeze", "none", "what is not trained", {"none", "mixers-and-mlps", "all-but-ends"});
  add_training_keys(schema);
  return schema;
}

SystemCard make_card() {
  using functions::with_task_options;
  SystemCard card = read_card(icl_discrete_card_toml, icl_discrete_recipe_toml);
  card.schema = make_schema();
  card.network = network;
  card.parameters = parameters;
  action_of(card, "train").options = with_task_options(
      {option("start", OptionSpec::Type::kPath, "RUN", "a run whose weights to begin with")});
  action_of(card, "evaluate").options = with_task_options(functions::curve_options());
  action_of(card, "generate").options =
      with_task_options({option("count", OptionSpec::Type::kInteger, "N", "sequences", 10)});
  action_of(card, "generate").run = functions::generate_sequences;
  action_of(card, "analyse").options = with_task_options(
      {functions::heads_option(),
       option("sequences", OptionSpec::Type::kInteger, "N", "sequences to measure on", 256),
       flag_option("backbones", "trains each kind of mixer on the task"),
       flag_option("frozen", "trains with frozen layers: fresh ones, and those of --model")});
  return card;
}

}  // namespace

const SystemCard& icl_discrete_card() {
  static const SystemCard card = make_card();
  return card;
}

}  // namespace everform
