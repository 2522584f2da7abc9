// Learning to learn Boolean functions: the composition (Bhattamishra et al., ICLR 2024, arXiv 2310.03016).
#pragma once

#include <span>

#include "everform/domains/functions/accuracy_curve.h"
#include "everform/domains/functions/task_recipe.h"
#include "everform/workbench/models/transformer.h"
#include "everform/workbench/training/trainer.h"

namespace everform::icl_discrete {

/// A network with the recipe that it was made from.
struct Model {
  Recipe recipe;
  std::shared_ptr<Transformer> network;
};

/// A GPT-2-like stack over rows x_1, y_1, x_2, y_2, ...: read-in Linear(n, width), learned positions,
/// read-out Linear(width, 1).
std::shared_ptr<Transformer> make_network(const Recipe& recipe);
/// The trained model of --model (a run folder or its model.safetensors), with the request's task options over
/// the run's recipe.
Model load_model(const ActionRequest& request);

/// Completes a job (see training_job) with network, objective, data and evaluation. @param start a run whose
/// weights to begin with, or ""
void compose(TrainingJob& job, const std::filesystem::path& start = {});
/// Trains a model of a study into `run`, replacing what is there. @param label beside the progress bar
Model train_small(const Recipe& recipe, std::uint64_t seed, const std::filesystem::path& run,
                  const std::string& label, const std::filesystem::path& start = {});

/// The rows of sequences of one length as a batch [sequences, 2 points, n] on the network's device.
torch::Tensor vectors_of(const Transformer& network, std::span<const functions::LabelledSequence> sequences);
/// Judges exactly these sequences in their order, many at once.
functions::SequenceJudge model_judge(Transformer& network,
                                     std::span<const functions::LabelledSequence> sequences);
functions::AccuracyCurve model_curve(const std::string& name, Transformer& network,
                                     std::span<const functions::LabelledSequence> sequences);

ActionResult evaluate(const ActionRequest& request);
ActionResult analyse(const ActionRequest& request);
ActionResult reproduce(const ActionRequest& request);

}  // namespace everform::icl_discrete
