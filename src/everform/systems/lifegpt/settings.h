// What a recipe of LifeGPT means. Torch-free.
#pragma once

#include "everform/core/recipes/recipe.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform::lifegpt {

/// The decoder of arXiv 2409.12182: pre-norm with gains, biases in the MLP alone, exact GELU, rotary
/// positions on the leading dimensions of each head, an untied head.
TransformerConfig network(const Recipe& recipe);

}  // namespace everform::lifegpt
