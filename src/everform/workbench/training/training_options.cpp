#include "everform/workbench/training/training_options.h"

#include "everform/core/base/error.h"

namespace everform {
namespace {

[[noreturn]] void refuse(const std::string& message, const std::string& hint) {
  throw Error(ErrorKind::kUsage, "reading the recipe's training keys", message, hint);
}

OptimizerKind optimizer_kind(const std::string& name) {
  return name == "sgd" ? OptimizerKind::kSgd : name == "adam" ? OptimizerKind::kAdam : OptimizerKind::kAdamW;
}

ScheduleKind schedule_kind(const std::string& name) {
  return name == "linear"   ? ScheduleKind::kLinear
         : name == "cosine" ? ScheduleKind::kCosine
                            : ScheduleKind::kConstant;
}

void check(const TrainingOptions& options) {
  if (options.micro_batch > options.batch) {
    refuse("training.micro_batch is " + std::to_string(options.micro_batch) + ", more than training.batch, " +
               std::to_string(options.batch),
           "set training.micro_batch to at most training.batch, or to 0");
  }
  if (options.early_stop > 0 && options.evaluate_every == 0) {
    refuse("training.early_stop needs evaluations, and training.evaluate_every is 0",
           "set training.evaluate_every");
  }
  if (options.optimizer.momentum > 0.0 && options.optimizer.kind != OptimizerKind::kSgd) {
    refuse("training.momentum belongs to sgd alone",
           "set training.optimizer to \"sgd\", or training.beta1 instead");
  }
}

}  // namespace

TrainingOptions training_options(const Recipe& recipe) {
  TrainingOptions options;
  options.steps = recipe.integer("training.steps");
  options.batch = recipe.integer("training.batch");
  options.micro_batch = recipe.integer("training.micro_batch");
  options.optimizer = {.kind = optimizer_kind(recipe.text("training.optimizer")),
                       .weight_decay = recipe.number("training.weight_decay"),
                       .beta1 = recipe.number("training.beta1"),
                       .beta2 = recipe.number("training.beta2"),
                       .epsilon = recipe.number("training.epsilon"),
                       .momentum = recipe.number("training.momentum")};
  options.schedule = {.kind = schedule_kind(recipe.text("training.schedule")),
                      .peak = recipe.number("training.learning_rate"),
                      .steps = options.steps,
                      .warmup = recipe.integer("training.warmup"),
                      .decay_share = recipe.number("training.decay_share"),
                      .final_share = recipe.number("training.final_learning_rate")};
  options.clip = recipe.number("training.clip");
  options.ema = recipe.number("training.ema");
  options.bf16 = recipe.text("training.precision") == "bf16";
  options.gradient_checkpointing = recipe.boolean("training.gradient_checkpointing");
  options.checkpoint_every = recipe.integer("training.checkpoint_every");
  options.keep_checkpoints = recipe.integer("training.keep_checkpoints");
  options.evaluate_every = recipe.integer("training.evaluate_every");
  options.sample_every = recipe.integer("training.sample_every");
  options.log_every = recipe.integer("training.log_every");
  options.early_stop = recipe.integer("training.early_stop");
  check(options);
  return options;
}

}  // namespace everform
