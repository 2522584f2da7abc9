#include "everform/core/decoding/token_penalties.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

namespace everform {
namespace {

std::map<TokenId, std::size_t> count_last(std::span<const TokenId> context, std::size_t window) {
  std::map<TokenId, std::size_t> counts;
  for (const TokenId token : context.last(std::min(window, context.size()))) {
    ++counts[token];
  }
  return counts;
}

// [k]: the largest n for which the context's last n tokens equal the n tokens that end k places earlier. It
// is the Z function of the reversed context.
std::vector<std::size_t> suffix_repeats(std::span<const TokenId> context) {
  const std::size_t n = context.size();
  const auto reversed = [&](std::size_t i) { return context[n - 1 - i]; };
  std::vector<std::size_t> repeats(n, 0);
  std::size_t begin = 0;  // the match that reaches furthest: [begin, end)
  std::size_t end = 0;
  for (std::size_t k = 1; k < n; ++k) {
    std::size_t length = k < end ? std::min(end - k, repeats[k - begin]) : 0;
    while (k + length < n && reversed(length) == reversed(k + length)) {
      ++length;
    }
    repeats[k] = length;
    if (k + length > end) {
      begin = k;
      end = k + length;
    }
  }
  return repeats;
}

}  // namespace

void RepetitionPenalty::apply(std::span<const TokenId> context, std::span<float> logits) {
  const auto penalty = static_cast<float>(penalty_);
  for (const auto& [token, count] : count_last(context, window_)) {
    float& logit = logits[static_cast<std::size_t>(token)];
    logit = logit > 0 ? logit / penalty : logit * penalty;
  }
}

void OccurrencePenalty::apply(std::span<const TokenId> context, std::span<float> logits) {
  for (const auto& [token, count] : count_last(context, window_)) {
    logits[static_cast<std::size_t>(token)] -=
        static_cast<float>(presence_ + frequency_ * static_cast<double>(count));
  }
}

void DryPenalty::apply(std::span<const TokenId> context, std::span<float> logits) {
  const std::vector<std::size_t> repeats = suffix_repeats(context);
  std::map<TokenId, std::size_t> longest;  // by the token that would follow
  for (std::size_t k = 1; k < repeats.size(); ++k) {
    if (repeats[k] >= allowed_length_) {
      std::size_t& length = longest[context[context.size() - k]];
      length = std::max(length, repeats[k]);
    }
  }
  for (const auto& [token, length] : longest) {
    const double penalty = multiplier_ * std::pow(base_, static_cast<double>(length - allowed_length_));
    // A long repetition must not overflow: minus infinity would mean that the token is forbidden.
    logits[static_cast<std::size_t>(token)] -=
        static_cast<float>(std::min<double>(penalty, std::numeric_limits<float>::max() / 4));
  }
}

}  // namespace everform
