// What forgetful causal masking hides from a model, measured.
#pragma once

#include <cstdint>

#include "everform/workbench/models/transformer.h"

namespace everform {

struct ForgettingFacts {
  std::int64_t sequences = 0;
  std::int64_t first_hidden = 0;  ///< sequences whose position 0 is hidden: 0
  std::int64_t exact = 0;         ///< sequences with exactly floor(share T) hidden positions: all
  double effect = 0.0;            ///< hidden_key_effect with the mask: 0
  double unmasked_effect = 0.0;   ///< and without it, as in evaluation: what the mask keeps from the model
};

/// Draws forgetful_key_mask for `sequences` sequences as long as the model's context, of one byte repeated,
/// and replaces the hidden bytes by the next one. @param share in [0, 1)
ForgettingFacts measure_forgetting(Transformer& transformer, double share, std::int64_t sequences,
                                   std::uint64_t seed);

}  // namespace everform
