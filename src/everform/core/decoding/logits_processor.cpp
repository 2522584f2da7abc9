#include "everform/core/decoding/logits_processor.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>

#include "everform/core/base/error.h"
#include "everform/core/decoding/log_probabilities.h"
#include "everform/core/decoding/token_penalties.h"
#include "everform/core/decoding/token_truncations.h"

namespace everform {
namespace {

std::string number_text(double value) {
  std::string text = std::to_string(value);
  while (text.ends_with('0')) {
    text.pop_back();
  }
  return text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
}

void require(bool good, const char* option, double value, const char* range) {
  if (!good || !std::isfinite(value)) {
    throw Error(ErrorKind::kUsage, std::string("reading --") + option,
                "it is " + number_text(value) + ", but it must be " + range);
  }
}

/// The first of the largest, without the exponentials that a draw needs.
TokenId likeliest(std::span<const float> logits) {
  constexpr std::size_t kLanes = 16;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  float largest[kLanes];
  std::uint32_t bad[kLanes] = {};
  std::fill(std::begin(largest), std::end(largest), -kInfinity);
  std::size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const float logit = logits[i + lane];
      largest[lane] = logit > largest[lane] ? logit : largest[lane];
      bad[lane] |= logit < kInfinity ? 0U : 1U;
    }
  }
  for (; i < logits.size(); ++i) {
    largest[0] = logits[i] > largest[0] ? logits[i] : largest[0];
    bad[0] |= logits[i] < kInfinity ? 0U : 1U;
  }
  const float best = *std::max_element(std::begin(largest), std::end(largest));
  if (best == -kInfinity ||
      std::any_of(std::begin(bad), std::end(bad), [](std::uint32_t b) { return b != 0; })) {
    log_sum_exp(logits);  // says what is wrong
  }
  return static_cast<TokenId>(std::find(logits.begin(), logits.end(), best) - logits.begin());
}

std::size_t window_of(int repetition_window) {
  return repetition_window < 0 ? std::numeric_limits<std::size_t>::max()
                               : static_cast<std::size_t>(repetition_window);
}

}  // namespace

void validate(const SamplingOptions& o) {
  require(o.temperature >= 0 && o.temperature <= 100, "temperature", o.temperature,
          "between 0 (greedy) and 100");
  require(o.top_k >= 0, "top-k", o.top_k, "0 (off) or more");
  require(o.top_p > 0 && o.top_p <= 1, "top-p", o.top_p, "above 0 and at most 1 (off)");
  require(o.min_p >= 0 && o.min_p <= 1, "min-p", o.min_p, "between 0 (off) and 1");
  require(o.typical_p > 0 && o.typical_p <= 1, "typical", o.typical_p, "above 0 and at most 1 (off)");
  require(o.repetition_penalty > 0 && o.repetition_penalty <= 100, "repetition-penalty", o.repetition_penalty,
          "above 0 (1: off) and at most 100");
  require(o.repetition_window >= -1, "repetition-window", o.repetition_window,
          "-1 (everything), 0 (off) or more");
  require(std::abs(o.presence_penalty) <= 100, "presence-penalty", o.presence_penalty,
          "between -100 and 100");
  require(std::abs(o.frequency_penalty) <= 100, "frequency-penalty", o.frequency_penalty,
          "between -100 and 100");
  require(o.dry_multiplier >= 0 && o.dry_multiplier <= 1000, "dry-multiplier", o.dry_multiplier,
          "between 0 (off) and 1000");
  require(o.dry_base >= 1 && o.dry_base <= 1000, "dry-base", o.dry_base, "between 1 and 1000");
  require(o.dry_allowed_length >= 1, "dry-allowed-length", o.dry_allowed_length, "1 or more");
  require(o.xtc_probability >= 0 && o.xtc_probability <= 1, "xtc-probability", o.xtc_probability,
          "between 0 (off) and 1");
  require(o.xtc_threshold > 0 && o.xtc_threshold <= 1, "xtc-threshold", o.xtc_threshold,
          "above 0 and at most 1 (above 0.5 nothing is excluded)");
  require(o.mirostat_tau >= 0 && o.mirostat_tau <= 100, "mirostat-tau", o.mirostat_tau,
          "between 0 (off) and 100");
  require(o.mirostat_eta > 0 && o.mirostat_eta <= 1, "mirostat-eta", o.mirostat_eta, "above 0 and at most 1");
}

std::vector<std::unique_ptr<LogitsProcessor>> make_processors(const SamplingOptions& o, std::uint64_t seed,
                                                              std::uint64_t sample) {
  validate(o);
  std::vector<std::unique_ptr<LogitsProcessor>> chain;
  const std::size_t window = window_of(o.repetition_window);
  if (o.repetition_penalty != 1.0 && window > 0) {
    chain.push_back(std::make_unique<RepetitionPenalty>(o.repetition_penalty, window));
  }
  if ((o.presence_penalty != 0.0 || o.frequency_penalty != 0.0) && window > 0) {
    chain.push_back(std::make_unique<OccurrencePenalty>(o.presence_penalty, o.frequency_penalty, window));
  }
  if (o.dry_multiplier > 0.0) {
    chain.push_back(std::make_unique<DryPenalty>(o.dry_multiplier, o.dry_base,
                                                 static_cast<std::size_t>(o.dry_allowed_length)));
  }
  // Greedy needs neither scale nor truncation: none of them moves the likeliest token but the typical one and
  // XTC, which would change it.
  if (o.temperature == 0.0) {
    return chain;
  }
  if (o.temperature != 1.0) {
    chain.push_back(std::make_unique<Temperature>(o.temperature));
  }
  if (o.top_k > 0) {
    chain.push_back(std::make_unique<TopK>(static_cast<std::size_t>(o.top_k)));
  }
  if (o.top_p < 1.0) {
    chain.push_back(std::make_unique<TopP>(o.top_p));
  }
  if (o.min_p > 0.0) {
    chain.push_back(std::make_unique<MinP>(o.min_p));
  }
  if (o.typical_p < 1.0) {
    chain.push_back(std::make_unique<TypicalP>(o.typical_p));
  }
  if (o.xtc_probability > 0.0) {
    chain.push_back(std::make_unique<ExcludeTopChoices>(o.xtc_threshold, o.xtc_probability, seed, sample));
  }
  if (o.mirostat_tau > 0.0) {
    chain.push_back(std::make_unique<Mirostat>(o.mirostat_tau, o.mirostat_eta));
  }
  return chain;
}

TokenId draw_token(std::span<const float> logits, double temperature, RandomStream& random) {
  if (temperature == 0.0) {
    return likeliest(logits);
  }
  const double total = log_sum_exp(logits);
  const double goal = random.uniform();
  double mass = 0;
  std::size_t last = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (std::isinf(logits[i])) {
      continue;
    }
    mass += std::exp(logits[i] - total);
    last = i;
    if (mass > goal) {
      break;
    }
  }
  return static_cast<TokenId>(last);
}

}  // namespace everform
