// How likely a model finds each of several given continuations: multiple choice, and choice constrained to a
// list.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "everform/core/decoding/step_model.h"
#include "everform/core/text/tokenizer.h"

namespace everform {

struct ContinuationScore {
  double log_likelihood = 0.0;  ///< log P(continuation | context), natural logarithm
  std::size_t tokens = 0;
  std::size_t bytes = 0;
};

/// A text's tokens, and which of them belong to its continuation.
struct SplitTokens {
  std::vector<TokenId> ids;
  std::size_t first = 0;  ///< index of the first token that reaches past the context
};

/// Encodes context and continuation as one text. A token that spans the border belongs to the continuation.
/// Without a token before it (an empty context) the tokenizer's beginning token is put in front; where it has
/// none, Error{kUsage}.
SplitTokens split_continuation(const Tokenizer& tokenizer, const std::string& context,
                               const std::string& continuation);

/// log P(ids[first..] | ids[..first]) of each; what they share at the beginning is read once.
std::vector<ContinuationScore> score_tokens(const StepModel& model, std::span<const SplitTokens> texts);

/// One score for each continuation, in their order.
std::vector<ContinuationScore> score_continuations(const StepModel& model, const Tokenizer& tokenizer,
                                                   const std::string& context,
                                                   std::span<const std::string> continuations);

}  // namespace everform
