// Checks of the scores themselves, with a model whose probabilities are known.
#pragma once

#include "everform/core/base/check_count.h"

namespace everform {

/// Perplexity of a text under a model that gives known probabilities, by `exp(nll / tokens)` over overlapping
/// windows.
struct KnownPerplexity {
  double measured = 0.0;
  double exact = 0.0;
};
KnownPerplexity measure_known_perplexity();

/// Four choices made so that each normalisation prefers another one.
CheckCount check_normalisations();

}  // namespace everform
