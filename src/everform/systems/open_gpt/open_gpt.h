// The composition of open-gpt: pretrained decoders run, measured and tuned.
#pragma once

#include <vector>

#include "everform/core/recipes/action_request.h"
#include "everform/domains/language/conversation.h"
#include "everform/workbench/adaptation/tuning.h"
#include "everform/workbench/training/trainer.h"

namespace everform::open_gpt {

/// A pretrained decoder with what is being trained of it.
struct Tuning : TunedTransformer {
  std::vector<MaskedTokens> pieces;  ///< what it learns
};

/// Loads the recipe's model, attaches the recipe's adapter and prepares `pieces` (read from data.path where
/// there are none).
TrainingJob make_job(const ActionRequest& request, Tuning& tuning);

/// Mean loss over pieces, in evaluation mode.
double mean_loss(const Tuning& tuning, const std::vector<MaskedTokens>& pieces, std::size_t longest);

/// Every claim on the bundled model.
ActionResult reproduce(const ActionRequest& request);

}  // namespace everform::open_gpt
