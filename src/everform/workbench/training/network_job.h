// A training of one transformer with fresh weights.
#pragma once

#include <memory>

#include "everform/workbench/models/transformer.h"
#include "everform/workbench/training/trainer.h"

namespace everform {

/// Makes `network` what the job trains and saves: weights drawn from the job's seed with the recipe's
/// model.initial_deviation, blocks recomputed where its training.gradient_checkpointing says so, on the job's
/// device.
void set_fresh_network(TrainingJob& job, const std::shared_ptr<Transformer>& network);

}  // namespace everform
