// The tensors of a training by name, into checkpoints and back.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "everform/workbench/training/checkpoint.h"
#include "everform/workbench/training/ema.h"
#include "everform/workbench/training/phase_trainer.h"
#include "everform/workbench/training/trainer.h"

namespace everform {

/// All parameters and buffers of the job's modules by their names with prefix; shared ones once, under their
/// first name.
NamedTensors named_weights(const TrainingJob& job);

/// What a training changes: the trained parameters, buffers, optimizer states and averages, as references to
/// the live tensors.
class JobState {
 public:
  /// @param ema may be nullptr
  JobState(const TrainingJob& job, std::vector<PhaseTrainer>& phases, Ema* ema);

  /// Trained parameters, each once, in the order of the phases.
  static std::vector<torch::Tensor> trained_parameters(std::vector<PhaseTrainer>& phases);

  /// The tensors of a checkpoint's files.
  std::map<std::string, NamedTensors> files() const { return files_; }
  /// Copies a checkpoint's tensors into the live ones. Throws Error{kUsage} where names or shapes are others.
  void restore(const std::map<std::string, NamedTensors>& files, const std::string& where);
  /// All live tensors, in a fixed order.
  std::vector<torch::Tensor> tensors() const;

 private:
  std::map<std::string, NamedTensors> files_;
};

}  // namespace everform
