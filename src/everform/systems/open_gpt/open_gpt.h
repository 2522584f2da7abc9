// The composition of open-gpt: pretrained decoders run, measured and tuned.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "everform/core/recipes/action_request.h"
#include "everform/domains/language/conversation.h"
#include "everform/domains/language/language_model.h"
#include "everform/workbench/adaptation/adapter.h"
#include "everform/workbench/training/trainer.h"

namespace everform::open_gpt {

/// A pretrained decoder with what is being trained of it.
struct Tuning {
  std::shared_ptr<Transformer> transformer;
  std::unique_ptr<Adapter> adapter;  ///< nullptr where all weights are trained
  std::vector<MaskedTokens> pieces;  ///< what it learns
};

/// Loads the recipe's model, attaches the recipe's adapter and prepares `pieces` (read from data.path where
/// there are none).
TrainingJob make_job(const ActionRequest& request, Tuning& tuning);

/// Mean loss over pieces, in evaluation mode.
double mean_loss(const Tuning& tuning, const std::vector<MaskedTokens>& pieces, std::size_t longest);

/// A decoder for the plain path, or through libtorch with its soft prompt where `name` is a run of prompt
/// tuning.
LanguageModel load_model(const ActionRequest& request);

ActionResult reproduce(const ActionRequest& request);

}  // namespace everform::open_gpt
