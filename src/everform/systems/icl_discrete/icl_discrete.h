// Learning to learn Boolean functions: the composition (Bhattamishra et al., ICLR 2024, arXiv 2310.03016).
#pragma once

#include <optional>
#include <span>

#include "everform/domains/functions/accuracy_curve.h"
#include "everform/domains/functions/task_recipe.h"
#include "everform/workbench/models/transformer.h"
#include "everform/workbench/training/trainer.h"

namespace everform {

const SystemCard& icl_discrete_card();

namespace icl_discrete {

using Sequences = std::span<const functions::LabelledSequence>;

/// A network with the recipe that it was made from. Sequences are of one length.
struct Model {
  Recipe recipe;
  std::shared_ptr<Transformer> network;

  /// Their rows as a batch [sequences, 2 points, n] on the network's device.
  torch::Tensor vectors(Sequences sequences) const;
  /// Judges exactly these sequences in their order, many at once.
  functions::SequenceJudge judge(Sequences sequences) const;
  functions::AccuracyCurve curve(const std::string& name, Sequences sequences) const;
};

/// The recipe's stack over rows x_1, y_1, x_2, y_2, ...: read-in Linear(n, width), read-out Linear(width, 1).
/// @param problems the recipe of what it is asked, if it is another. Throws Error{kUsage} where it cannot
/// read them
Model make_model(const Recipe& recipe, const std::optional<Recipe>& problems = {});
/// The trained model of --model (a run folder or its model.safetensors), with the request's task options over
/// the run's recipe.
Model load_model(const ActionRequest& request);

/// Completes a job (see training_job) with network, objective, data and evaluation. @param start a run whose
/// weights to begin with, or ""
Model compose(TrainingJob& job, const std::filesystem::path& start = {});
/// Trains a model of a study into `run`, replacing what is there. @param label beside the progress bar
Model train_small(const Recipe& recipe, std::uint64_t seed, const std::filesystem::path& run,
                  const std::string& label, const std::filesystem::path& start = {});

/// Accuracy curves, heads, backbones and frozen layers of trained models.
ActionResult evaluate(const ActionRequest& request);
ActionResult analyse(const ActionRequest& request);
/// Every claim, each beside its baseline of the same run.
ActionResult reproduce(const ActionRequest& request);

}  // namespace icl_discrete
}  // namespace everform
