#include "everform/domains/language/claim_recipe.h"
#include "everform/domains/language/requested_model.h"
#include "everform/systems/card_file.h"
#include "everform/systems/card_options.h"

namespace everform {

extern const std::string_view open_gpt_card_toml;
extern const std::string_view open_gpt_recipe_toml;

namespace {

using Type = OptionSpec::Type;

RecipeSchema recipe_schema() {
  RecipeSchema schema;
  schema.text("model.name", "smollm2-135m-instruct", "bundled model, GGUF file or Hugging Face folder")
      .text("data.path", "",
            "conversations (.jsonl) or a text to learn; for reproduce: English to measure on")
      .integer("data.length", 64, "longest sequence in training, in tokens", 2, 1'000'000)
      .integer("data.tuned_pieces", 128, "pieces of text that reproduce tunes on", 1, 1'000'000'000)
      .text("tuning.kind", "lora", "what is trained", {"lora", "prompt", "full"})
      .integer("tuning.rank", 8, "rank of LoRA", 1, 4096)
      .number("tuning.alpha", 16.0, "LoRA's scale is alpha / rank", 0.0, 1e6)
      .texts("tuning.targets", {"q_proj", "v_proj"}, "projections that LoRA adapts",
             {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"})
      .integer("tuning.prompt_tokens", 20, "vectors of a soft prompt", 1, 65536);
  add_decoder_claim_keys(schema);
  add_training_keys(schema);
  return schema;
}

SystemCard make_card() {
  SystemCard card = read_card(open_gpt_card_toml, open_gpt_recipe_toml);
  card.schema = recipe_schema();
  action_of(card, "convert").run = convert_requested_model;
  action_of(card, "analyse").run = analyse_requested_models;
  action_of(card, "generate").options = {
      flag_option("stream", "write the text as it comes (always so without --json)")};
  action_of(card, "train").options = {
      option("lora", Type::kInteger, "R", "train LoRA weights of rank R"),
      option("prompt-tokens", Type::kInteger, "N", "train a soft prompt of N vectors")};
  action_of(card, "reproduce").options = {
      option("data", Type::kPath, "PATH", "English text to measure on (default: Debian's manuals)")};
  return card;
}

}  // namespace

const SystemCard& open_gpt_card() {
  static const SystemCard card = make_card();
  return card;
}

}  // namespace everform
