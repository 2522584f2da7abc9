// Log-probabilities of tokens under a row of logits.
#pragma once

#include <span>

#include "everform/core/text/tokenizer.h"

namespace everform {

/// log(sum(exp(logits))) in double, in the order of the vocabulary. Minus infinity rules a token out.
/// Throws Error{kFailed} where a logit is NaN or plus infinity, or every token is ruled out.
double log_sum_exp(std::span<const float> logits);

/// log softmax(logits)[token]
double log_probability(std::span<const float> logits, TokenId token);

}  // namespace everform
