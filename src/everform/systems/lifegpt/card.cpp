#include "everform/core/base/error.h"
#include "everform/domains/automata/step_actions.h"
#include "everform/domains/automata/step_recipe.h"
#include "everform/systems/card_file.h"
#include "everform/systems/lifegpt/settings.h"
#include "everform/systems/stack_recipe.h"

namespace everform {

extern const std::string_view lifegpt_card_toml;
extern const std::string_view lifegpt_recipe_toml;

TransformerConfig lifegpt::network(const Recipe& recipe) {
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

namespace {

RecipeSchema recipe_schema() {
  RecipeSchema keys;
  add_stack_keys(keys, {.width = 96, .least_width = 8});
  keys.integer("model.head_width", 24, "dimensions of a head", 2, 4096)
      .integer("model.rotary_dimensions", 0, "leading dimensions of a head that are rotated; 0: all", 0,
               4096);
  add_step_keys(keys);
  keys.text("objective.loss_on", "answer", "bytes whose prediction is learned", {"all", "answer"})
      .number("objective.forget", 0.0, "share of bytes hidden in training (forgetful causal masking)", 0.0,
              0.99);
  add_training_keys(keys);
  return keys;
}

SystemCard make_card() {
  SystemCard card = read_card(lifegpt_card_toml, lifegpt_recipe_toml);
  card.schema = recipe_schema();
  card.network = lifegpt::network;
  action_of(card, "train").options = training_step_options();
  action_of(card, "generate").options = rollout_options();
  action_of(card, "evaluate").options = step_score_options();
  action_of(card, "analyse").options = divergence_options();
  action_of(card, "tokenize").options = start_options();
  action_of(card, "tokenize").options.push_back(width_option());
  action_of(card, "tokenize").run = tokenize_start;
  return card;
}

}  // namespace

const SystemCard& lifegpt_card() {
  static const SystemCard card = make_card();
  return card;
}

}  // namespace everform
