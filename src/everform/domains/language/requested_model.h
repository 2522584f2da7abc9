// The decoder that a request of a language system is about. The recipe has the key model.name.
#pragma once

#include <string>

#include "everform/core/recipes/action_request.h"

namespace everform {

/// --model, else the first file, else the recipe's model.name.
std::string requested_model(const ActionRequest& request);

/// The verb `convert`: that model to --out, as --to and --type say. -> {"out","bytes","tensors"}. Throws
/// Error{kUsage} where --out is not given, is the source itself, or is there already and --yes is not given.
ActionResult convert_requested_model(const ActionRequest& request);

/// The verb `analyse` without torch: the files, or that model, side by side (see analyse_decoders).
ActionResult analyse_requested_models(const ActionRequest& request);

}  // namespace everform
