// One optimizer step of one phase: losses of the micro-batches, their gradients, all processes' sum,
// clipping, update.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "everform/workbench/objectives/objective.h"
#include "everform/workbench/training/data_parallel.h"
#include "everform/workbench/training/optimizer.h"
#include "everform/workbench/training/prefetch.h"
#include "everform/workbench/training/training_options.h"

namespace everform {

/// What a step measured; the tensors are means over its targets, on the training's device.
struct StepFigures {
  double targets = 0;  ///< over all processes
  torch::Tensor loss;
  torch::Tensor gradient_norm;  ///< of the mean loss, before clipping
  std::map<std::string, torch::Tensor> figures;
};

class PhaseTrainer {
 public:
  PhaseTrainer(Phase phase, const TrainingOptions& options, std::uint64_t seed, torch::Device device);

  const std::string& name() const { return phase_.name; }
  bool due(std::int64_t step) const { return step % phase_.every == 0; }
  Optimizer& optimizer() { return optimizer_; }
  const Optimizer& optimizer() const { return optimizer_; }
  const std::vector<torch::Tensor>& parameters() const { return optimizer_.parameters(); }

  /// Updates the parameters. The gradient is that of the mean over all targets of all micro-batches of all
  /// processes, so that it does not matter how the batch is split. A step without targets changes nothing.
  /// @param batches the micro-batches of this process, on the device, one a slice
  StepFigures step(std::int64_t step, const std::vector<Batch>& batches,
                   const std::vector<BatchSlices::Slice>& slices, ProcessGroup* processes);

 private:
  void accumulate(std::int64_t step, const Batch& batch, std::int64_t first_item, StepFigures& sums);
  void sum_over(ProcessGroup& processes, StepFigures& sums);
  void update(std::int64_t step, StepFigures& sums);

  Phase phase_;
  TrainingOptions options_;
  std::uint64_t seed_;
  torch::Device device_;
  Optimizer optimizer_;
};

}  // namespace everform
