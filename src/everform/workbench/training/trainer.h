// The training loop: batches through an objective's phases into updates, with metrics, evaluations, samples
// and checkpoints.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "everform/workbench/objectives/objective.h"
#include "everform/workbench/training/batch_source.h"
#include "everform/workbench/training/run_folder.h"
#include "everform/workbench/training/training_options.h"

namespace everform {

class ProcessGroup;

/// Everything one training needs. The modules come initialised and on their device.
struct TrainingJob {
  std::string name;  ///< beside the progress bar: "lifegpt"
  Recipe recipe;     ///< stored as the run's recipe.toml
  TrainingOptions options;
  std::uint64_t seed = 0;
  torch::Device device = torch::kCPU;

  /// What is saved, by prefix: parameter "x.weight" of module "codec" is tensor "codec.x.weight"; with prefix
  /// "" it is "x.weight". Parameters without gradient (frozen ones) are not part of checkpoints: making the
  /// job again must give the same.
  std::map<std::string, std::shared_ptr<torch::nn::Module>> modules;
  std::shared_ptr<Objective> objective;
  std::shared_ptr<const BatchSource> batches;
  nlohmann::json config = nlohmann::json::object();  ///< the run's config.json

  /// Figures of the model as it is now (the averaged weights in place where there are some), called every
  /// `evaluate_every` steps and at the end under no_grad with the modules in evaluation mode. Optional.
  std::function<std::map<std::string, double>(std::int64_t step)> evaluate;
  /// The figure of `evaluate` that early stopping watches, and which way is better.
  std::string watched = "loss";
  bool lower_is_better = true;

  /// Writes samples of the model as it is now under `folder` (the run's samples/step-000500) and returns its
  /// PNG files, which also go to TensorBoard. Called like `evaluate`. Optional.
  std::function<std::vector<std::filesystem::path>(std::int64_t step, const std::filesystem::path& folder)>
      sample;

  /// The tensors of model.safetensors instead of all parameters and buffers of `modules`. Optional.
  std::function<std::map<std::string, torch::Tensor>()> final_tensors;

  std::shared_ptr<ProcessGroup> processes;  ///< data parallel; none for one process
  bool progress = true;                     ///< the bar on stderr
};

/// What a training ended with.
struct TrainingResult {
  std::filesystem::path run;
  std::int64_t steps = 0;
  double loss = 0.0;  ///< mean over the last logged interval
  double tokens_per_second =
      0.0;  ///< targets of the loss per second of this process's loop, evaluation and saving left out
  bool stopped_early = false;
  std::map<std::string, double> figures;  ///< of the last evaluation

  /// {"run","steps","loss","tokens_per_second"} of the contract, and "figures" where there are some.
  nlohmann::json to_json() const;
};

/// Trains into an opened run folder, from its newest intact checkpoint where it was opened to go on, and
/// leaves model.safetensors and config.json there. On Ctrl-C it saves a checkpoint and throws
/// Error{kInterrupted}. Throws Error{kFailed} where the loss is not finite; the last checkpoint is from
/// before.
TrainingResult train(TrainingJob& job, RunFolder& run);

/// As above into a run folder that is opened (created, or gone on with where `resume`) here.
TrainingResult train(TrainingJob& job, const std::filesystem::path& run, bool resume, bool overwrite = false);

}  // namespace everform
