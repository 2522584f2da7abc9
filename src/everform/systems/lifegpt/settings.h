// What a recipe of LifeGPT means: the network and the automaton. Torch-free.
#pragma once

#include "everform/core/recipes/action_request.h"
#include "everform/core/recipes/transformer_config.h"
#include "everform/domains/automata/step_data.h"

namespace everform::lifegpt {

/// Keys under model, data and objective, beside those of every training.
RecipeSchema recipe_schema();

/// The decoder of arXiv 2409.12182: pre-norm with gains, biases in the MLP alone, exact GELU, rotary
/// positions on the leading dimensions of each head, an untied head.
TransformerConfig network(const Recipe& recipe);

StepData step_data(const Recipe& recipe);

/// The start that --input or --pattern names, on the smallest grid of `data` that holds it.
Grid chosen_start(const ActionRequest& request, const StepData& data);

}  // namespace everform::lifegpt
