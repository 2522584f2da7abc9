#include <utility>

#include "everform/core/recipes/recipe.h"

namespace everform {

RecipeSchema& RecipeSchema::add(RecipeKey key) {
  keys_.push_back(std::move(key));
  return *this;
}

RecipeSchema& RecipeSchema::integer(std::string name, std::int64_t value, std::string help,
                                    std::int64_t minimum, std::int64_t maximum) {
  return add({.name = std::move(name),
              .type = RecipeKey::Type::kInteger,
              .default_value = value,
              .help = std::move(help),
              .minimum = static_cast<double>(minimum),
              .maximum = static_cast<double>(maximum)});
}

RecipeSchema& RecipeSchema::number(std::string name, double value, std::string help, double minimum,
                                   double maximum) {
  return add({.name = std::move(name),
              .type = RecipeKey::Type::kNumber,
              .default_value = value,
              .help = std::move(help),
              .minimum = minimum,
              .maximum = maximum});
}

RecipeSchema& RecipeSchema::boolean(std::string name, bool value, std::string help) {
  return add({.name = std::move(name),
              .type = RecipeKey::Type::kBoolean,
              .default_value = value,
              .help = std::move(help)});
}

RecipeSchema& RecipeSchema::text(std::string name, std::string value, std::string help,
                                 std::vector<std::string> choices) {
  return add({.name = std::move(name),
              .type = RecipeKey::Type::kText,
              .default_value = std::move(value),
              .help = std::move(help),
              .choices = std::move(choices)});
}

RecipeSchema& RecipeSchema::integers(std::string name, std::vector<std::int64_t> value, std::string help,
                                     std::int64_t minimum, std::int64_t maximum) {
  return add({.name = std::move(name),
              .type = RecipeKey::Type::kIntegers,
              .default_value = std::move(value),
              .help = std::move(help),
              .minimum = static_cast<double>(minimum),
              .maximum = static_cast<double>(maximum)});
}

RecipeSchema& RecipeSchema::numbers(std::string name, std::vector<double> value, std::string help,
                                    double minimum, double maximum) {
  return add({.name = std::move(name),
              .type = RecipeKey::Type::kNumbers,
              .default_value = std::move(value),
              .help = std::move(help),
              .minimum = minimum,
              .maximum = maximum});
}

RecipeSchema& RecipeSchema::texts(std::string name, std::vector<std::string> value, std::string help,
                                  std::vector<std::string> choices) {
  return add({.name = std::move(name),
              .type = RecipeKey::Type::kTexts,
              .default_value = std::move(value),
              .help = std::move(help),
              .choices = std::move(choices)});
}

const RecipeKey* RecipeSchema::find(std::string_view name) const {
  for (const RecipeKey& key : keys_) {
    if (key.name == name) {
      return &key;
    }
  }
  return nullptr;
}

void add_training_keys(RecipeSchema& schema) {
  constexpr std::int64_t kMany = 1'000'000'000;
  schema.integer("training.steps", 1000, "optimizer steps", 1, kMany)
      .integer("training.batch", 16, "items in one optimizer step, over all processes", 1, 1'000'000)
      .integer("training.micro_batch", 0, "items computed at once; 0 takes the whole batch", 0, 1'000'000)
      .text("training.optimizer", "adamw", "update rule", {"adamw", "adam", "sgd"})
      .number("training.learning_rate", 1e-3, "highest learning rate", 0.0, 100.0)
      .number("training.weight_decay", 0.0, "decoupled weight decay of matrices", 0.0, 10.0)
      .number("training.beta1", 0.9, "decay of the first moment", 0.0, 0.999999)
      .number("training.beta2", 0.999, "decay of the second moment", 0.0, 0.9999999)
      .number("training.epsilon", 1e-8, "added to the root of the second moment", 0.0, 1.0)
      .number("training.momentum", 0.0, "momentum of sgd", 0.0, 0.99999)
      .integer("training.warmup", 0, "steps of linear warm-up", 0, kMany)
      .text("training.schedule", "constant", "learning rate after the warm-up",
            {"constant", "linear", "cosine"})
      .number("training.decay_share", 1.0, "last share of the steps in which the schedule decays", 0.0, 1.0)
      .number("training.final_learning_rate", 0.0,
              "learning rate at the last step of a decay, as a share of the highest", 0.0, 1.0)
      .number("training.clip", 1.0, "largest norm of the gradient; 0 switches clipping off", 0.0, 1e9)
      .number("training.ema", 0.0, "decay of the averaged weights that generate uses; 0 keeps none", 0.0,
              0.9999999)
      .text("training.precision", "f32", "precision of the forward and backward pass", {"f32", "bf16"})
      .boolean("training.gradient_checkpointing", false,
               "recompute blocks in the backward pass to save memory")
      .integer("training.checkpoint_every", 500, "steps between checkpoints", 1, kMany)
      .integer("training.keep_checkpoints", 2, "checkpoints kept", 1, 1000)
      .integer("training.evaluate_every", 0, "steps between evaluations; 0 for none", 0, kMany)
      .integer("training.sample_every", 0, "steps between sample sheets; 0 for none", 0, kMany)
      .integer("training.log_every", 10, "steps between rows of metrics.jsonl", 1, kMany)
      .integer("training.early_stop", 0, "evaluations without improvement that end the training; 0 for never",
               0, 10000);
}

}  // namespace everform
