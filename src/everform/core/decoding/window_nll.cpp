#include "everform/core/decoding/window_nll.h"

#include <algorithm>
#include <string>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/base/threads.h"
#include "everform/core/decoding/log_probabilities.h"

namespace everform {
namespace {

// Tokens whose logits are held at once: 64 rows of a vocabulary of 50,000 are 13 MB.
constexpr std::size_t kRows = 64;

void check(const StepModel& model, std::size_t tokens, std::size_t window, std::size_t stride) {
  const auto refuse = [](const char* option, std::size_t value, std::size_t low, std::size_t high) {
    throw Error(ErrorKind::kUsage, std::string("reading --") + option,
                "it is " + std::to_string(value) + ", but it must lie between " + std::to_string(low) +
                    " and " + std::to_string(high));
  };
  if (window < 2 || window > model.context()) {
    refuse("window", window, 2, model.context());
  }
  if (stride < 1 || stride > window) {
    refuse("stride", stride, 1, window);
  }
  if (tokens < 2) {
    throw Error(
        ErrorKind::kBadInput, "scoring a text",
        "it has " + std::to_string(tokens) + " tokens, but the first is never scored: at least 2 are needed");
  }
}

// Adds -log P(tokens[first], tokens[first+1], ... | what came before them in `window`), first >= 1.
void score_from(const StepModel& model, std::span<const TokenId> window, std::size_t first,
                WindowNll& total) {
  const auto state = model.new_sequence();
  std::vector<float> logits(kRows * model.vocabulary());
  std::vector<double> log_p(kRows);
  if (first > 1) {
    model.prefill(*state, window.first(first - 1), std::span(logits).first(model.vocabulary()));
  }
  for (std::size_t begin = first; begin < window.size(); begin += kRows) {
    const std::size_t count = std::min(kRows, window.size() - begin);
    model.prefill_all(*state, window.subspan(begin - 1, count),
                      std::span(logits).first(count * model.vocabulary()));
    default_pool().parallel_for(count, 1, [&](std::size_t row, std::size_t /*end*/) {
      log_p[row] = log_probability(std::span(logits).subspan(row * model.vocabulary(), model.vocabulary()),
                                   window[begin + row]);
    });
    for (std::size_t row = 0; row < count; ++row) {
      total.nll -= log_p[row];
    }
  }
  total.tokens += window.size() - first;
}

}  // namespace

WindowNll score_windows(const StepModel& model, std::span<const TokenId> tokens, std::size_t window,
                        std::size_t stride, const std::function<void(std::size_t)>& progress) {
  check(model, tokens.size(), window, stride);
  WindowNll total;
  std::size_t scored = 0;  // tokens before this one are done
  for (std::size_t begin = 0; scored < tokens.size(); begin += stride) {
    const std::size_t end = std::min(begin + window, tokens.size());
    const std::size_t first = std::max<std::size_t>(scored - begin, 1);
    score_from(model, tokens.subspan(begin, end - begin), first, total);
    scored = end;
    if (progress) {
      progress(scored);
    }
  }
  return total;
}

}  // namespace everform
