// LifeGPT on libtorch: grid strings, a decoder, next-byte prediction with forgetful masking, ARAR rollouts.
#pragma once

#include <memory>

#include "everform/core/recipes/action_request.h"
#include "everform/domains/automata/rollout.h"
#include "everform/domains/automata/step_data.h"
#include "everform/systems/lifegpt/settings.h"
#include "everform/workbench/models/transformer.h"
#include "everform/workbench/training/trainer.h"

namespace everform::lifegpt {

/// A network and the automaton it is for.
struct Model {
  std::shared_ptr<Transformer> transformer;
  StepData data;

  /// Continues prompts up to '$', or to as many bytes as an answer has. @param seed of the draws at
  /// temperatures above 0
  PromptCompleter completer(double temperature, std::uint64_t seed) const;
};

/// The training of a request's recipe and options. @param model receives the network that it trains
TrainingJob make_job(const ActionRequest& request, Model& model);

/// Trains the tiny model and holds every claim to its bar.
ActionResult reproduce(const ActionRequest& request);

}  // namespace everform::lifegpt
