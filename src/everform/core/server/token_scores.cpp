#include "everform/core/server/token_scores.h"

#include <algorithm>
#include <numeric>

#include "everform/core/decoding/log_probabilities.h"

namespace everform::server {

ScoredToken score_token(std::span<const float> logits, TokenId token, int top) {
  const double total = log_sum_exp(logits);
  ScoredToken scored{.token = token, .scored = true};
  scored.logprob = static_cast<double>(logits[static_cast<std::size_t>(token)]) - total;
  const std::size_t count = std::min(static_cast<std::size_t>(std::max(top, 0)), logits.size());
  const auto likelier = [&](TokenId a, TokenId b) {
    const float la = logits[static_cast<std::size_t>(a)];
    const float lb = logits[static_cast<std::size_t>(b)];
    return la != lb ? la > lb : a < b;
  };
  // A heap of the best so far: the vocabulary is passed once.
  std::vector<TokenId> best;
  for (std::size_t id = 0; id < logits.size() && count > 0; ++id) {
    const auto candidate = static_cast<TokenId>(id);
    if (best.size() < count) {
      best.push_back(candidate);
      std::push_heap(best.begin(), best.end(), likelier);
    } else if (likelier(candidate, best.front())) {
      std::pop_heap(best.begin(), best.end(), likelier);
      best.back() = candidate;
      std::push_heap(best.begin(), best.end(), likelier);
    }
  }
  std::sort_heap(best.begin(), best.end(), likelier);
  for (const TokenId id : best) {
    scored.top.emplace_back(id, static_cast<double>(logits[static_cast<std::size_t>(id)]) - total);
  }
  return scored;
}

}  // namespace everform::server
