// The likeliest continuation, looked for along several at once.
#pragma once

#include <cstddef>

#include "everform/core/decoding/generation.h"

namespace everform {

struct BeamOptions {
  std::size_t beams = 4;
  /// A finished hypothesis of n tokens counts log P / n^length_penalty: 1 is the mean, 0 favours short ones.
  double length_penalty = 1.0;
};

/// Beam search: in every step the likeliest extensions of the open hypotheses are looked at, those with an
/// end token are finished, and the best `beams` others go on. It ends when `beams` hypotheses are finished
/// and no open one beats them by its present score, or at the length. Of `request`, penalties are used,
/// temperature and truncations are not; the text is given at the end.
GenerationResult beam_search(const StepModel& model, const Tokenizer& tokenizer,
                             const GenerationRequest& request, const BeamOptions& options);

}  // namespace everform
