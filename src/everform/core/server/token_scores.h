// Log-probabilities of a token and of its likeliest rivals.
#pragma once

#include <span>

#include "everform/core/server/job.h"

namespace everform::server {

/// @param logits [vocabulary] as the model gave them @param top how many of the likeliest are named; of equal
/// ones those with the lower ids. Throws what log_sum_exp throws.
ScoredToken score_token(std::span<const float> logits, TokenId token, int top);

}  // namespace everform::server
