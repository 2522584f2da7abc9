// The figures of an objective on held-out data, for evaluation during training.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "everform/workbench/objectives/objective.h"
#include "everform/workbench/training/batch_source.h"

namespace everform {

struct EvaluationRange {
  std::int64_t items = 0;  ///< taken from the source as items 0..items-1 of its step 0
  std::int64_t micro_batch = 16;
  std::uint64_t seed = 0;  ///< of random choices in the loss
  torch::Device device = torch::kCPU;
  bool bf16 = false;
};

/// {"loss": mean over all targets, ...the objective's figures as means}, of the first phase, without
/// gradients and with StepContext::training off.
std::map<std::string, double> evaluate_objective(Objective& objective, const BatchSource& source,
                                                 const EvaluationRange& range);

}  // namespace everform
