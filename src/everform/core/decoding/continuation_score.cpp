#include "everform/core/decoding/continuation_score.h"

#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/core/decoding/log_probabilities.h"

namespace everform {
namespace {

// Tokens that all texts begin with, and that no text scores but for the last of them.
std::size_t shared_length(std::span<const SplitTokens> texts) {
  std::size_t shared = texts.front().first;
  for (const SplitTokens& text : texts) {
    const auto& a = texts.front().ids;
    const auto differ = std::mismatch(a.begin(), a.end(), text.ids.begin(), text.ids.end());
    shared = std::min({shared, text.first, static_cast<std::size_t>(differ.first - a.begin())});
  }
  return shared;
}

}  // namespace

SplitTokens split_continuation(const Tokenizer& tokenizer, const std::string& context,
                               const std::string& continuation) {
  const Encoding encoding = tokenizer.encode(context + continuation);
  SplitTokens split;
  split.ids = encoding.ids;
  // Tokens that the tokenizer's settings add at the end are no part of the continuation.
  while (!split.ids.empty() &&
         encoding.offsets[split.ids.size() - 1].first == encoding.offsets[split.ids.size() - 1].second) {
    split.ids.pop_back();
  }
  while (split.first < split.ids.size() && encoding.offsets[split.first].second <= context.size()) {
    ++split.first;
  }
  if (split.first == split.ids.size()) {
    throw Error(ErrorKind::kUsage, "scoring a continuation", "it is empty: no token of it can be scored");
  }
  if (split.first == 0) {
    if (!tokenizer.bos()) {
      throw Error(ErrorKind::kUsage, "scoring a continuation",
                  "the context is empty, and the tokenizer has no token to begin a text with",
                  "give a context");
    }
    split.ids.insert(split.ids.begin(), *tokenizer.bos());
    split.first = 1;
  }
  return split;
}

std::vector<ContinuationScore> score_tokens(const StepModel& model, std::span<const SplitTokens> texts) {
  std::vector<ContinuationScore> scores;
  if (texts.empty()) {
    return scores;
  }
  const std::size_t vocabulary = model.vocabulary();
  // The last shared token is read again in each text, for the logits after it.
  const std::size_t shared = shared_length(texts) - 1;
  const auto prefix = model.new_sequence();
  std::vector<float> logits(vocabulary);
  if (shared > 0) {
    model.prefill(*prefix, std::span(texts.front().ids).first(shared), logits);
  }
  for (const SplitTokens& text : texts) {
    const auto state = prefix->clone();
    // Logits after the tokens before the last: each predicts the next.
    const std::size_t count = text.ids.size() - 1 - shared;
    logits.resize(count * vocabulary);
    model.prefill_all(*state, std::span(text.ids).subspan(shared, count), logits);
    ContinuationScore score;
    score.tokens = text.ids.size() - text.first;
    for (std::size_t i = text.first; i < text.ids.size(); ++i) {
      const auto row = std::span(logits).subspan((i - 1 - shared) * vocabulary, vocabulary);
      score.log_likelihood += log_probability(row, text.ids[i]);
    }
    scores.push_back(score);
  }
  return scores;
}

std::vector<ContinuationScore> score_continuations(const StepModel& model, const Tokenizer& tokenizer,
                                                   const std::string& context,
                                                   std::span<const std::string> continuations) {
  std::vector<SplitTokens> texts;
  for (const std::string& continuation : continuations) {
    texts.push_back(split_continuation(tokenizer, context, continuation));
  }
  std::vector<ContinuationScore> scores = score_tokens(model, texts);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    scores[i].bytes = continuations[i].size();
  }
  return scores;
}

}  // namespace everform
