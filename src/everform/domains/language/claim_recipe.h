// The recipe keys of the statements in decoder_claims.h.
#pragma once

#include "everform/core/recipes/recipe.h"

namespace everform {

/// Adds registry.models, evaluation.tokens, .items, .window, .stride, baseline.order and baseline.bytes.
void add_decoder_claim_keys(RecipeSchema& schema);

}  // namespace everform
