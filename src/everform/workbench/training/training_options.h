// How to train, read from a recipe's training.* keys.
#pragma once

#include <cstdint>

#include "everform/core/recipes/recipe.h"
#include "everform/workbench/training/optimizer.h"
#include "everform/workbench/training/schedule.h"

namespace everform {

struct TrainingOptions {
  std::int64_t steps = 1000;
  std::int64_t batch = 16;       ///< items of one step over all processes
  std::int64_t micro_batch = 0;  ///< items computed at once; 0: all
  OptimizerOptions optimizer;
  Schedule schedule;
  double clip = 1.0;  ///< largest norm of the mean gradient; 0: no clipping
  double ema = 0.0;   ///< decay; 0: no average
  bool bf16 = false;  ///< forward and backward under bf16 autocast; weights and updates stay float32
  bool gradient_checkpointing = false;  ///< transformers recompute their blocks in the backward pass
  std::int64_t checkpoint_every = 500;
  std::int64_t keep_checkpoints = 2;
  std::int64_t evaluate_every = 0;  ///< 0: never
  std::int64_t sample_every = 0;    ///< 0: never
  std::int64_t log_every = 10;
  std::int64_t early_stop = 0;  ///< evaluations without improvement that end the training; 0: none do
};

/// From a recipe whose schema has add_training_keys. Throws Error{kUsage} where keys contradict each other.
TrainingOptions training_options(const Recipe& recipe);

}  // namespace everform
