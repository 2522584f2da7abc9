// Whether a key mask hides what it should.
#pragma once

#include <torch/types.h>

#include "everform/workbench/models/transformer.h"

namespace everform {

/// The largest change of any logit at the seen positions when the tokens at the hidden ones are replaced: 0
/// where the mask holds.
/// @param tokens int64 [batch, tokens] @param replacement int64, same shape: what stands at hidden positions
/// instead
/// @param hidden bool [batch, tokens] @param masked whether the mask is given to the model at all; without it
/// the change shows what it hides
double hidden_key_effect(Transformer& transformer, const torch::Tensor& tokens,
                         const torch::Tensor& replacement, const torch::Tensor& hidden, bool masked);

}  // namespace everform
