// Runs that were trained, as the actions on them find them again.
#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <string>

#include "everform/core/recipes/action_request.h"

namespace everform {

/// --model of a request. Throws Error{kUsage} where it is not given, showing how to train one. @param example
/// a run folder for that line: "runs/life"
const std::string& named_model(const ActionRequest& request, const std::string& example);

/// The recipe of a run with the request's --set over it. @param run its folder, or a file in it
/// (model.safetensors). Throws Error{kMissing} where there is none.
Recipe recipe_of_run(const ActionRequest& request, const std::filesystem::path& run);

/// Copies the weights that a run ended with into a module that is built like its own.
void load_trained_weights(torch::nn::Module& module, const std::filesystem::path& run);
/// Those of a request's --model, onto its --device, with the module in evaluation mode.
void load_for_use(torch::nn::Module& module, const ActionRequest& request);

}  // namespace everform
