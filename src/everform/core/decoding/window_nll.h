// Negative log-likelihood of a long text, read in overlapping windows: what perplexity and bits per byte are
// made of.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "everform/core/decoding/step_model.h"

namespace everform {

struct WindowNll {
  double nll = 0.0;        ///< sum of -log P, natural logarithm
  std::size_t tokens = 0;  ///< how many were scored

  double per_token() const { return nll / static_cast<double>(tokens); }
};

/// Windows begin at 0, stride, 2*stride, ... and hold `window` tokens; the last one ends at the last token.
/// Each token is scored in the first window that holds it, given the tokens before it in that window. The
/// text's first token is not scored; with stride == window, nor is any window's first, which has nothing
/// before it.
/// @param progress called with the number of tokens done; may be empty
/// Throws Error{kUsage} for a window outside [2, context] or a stride outside [1, window], kBadInput for
/// fewer than 2 tokens.
WindowNll score_windows(const StepModel& model, std::span<const TokenId> tokens, std::size_t window,
                        std::size_t stride, const std::function<void(std::size_t)>& progress = {});

}  // namespace everform
