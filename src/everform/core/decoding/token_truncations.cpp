#include "everform/core/decoding/token_truncations.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "everform/core/decoding/log_probabilities.h"

namespace everform {
namespace {

constexpr float kRuledOut = -std::numeric_limits<float>::infinity();

// Ids in the order of `key`, smallest first, equal ones by id: as many as `enough` of them takes, which is
// called in that order until it says true. Sorting goes on in doubling steps, as a few dozen of 50,000 tokens
// usually suffice.
template <typename Enough>
std::vector<std::size_t> first_tokens(const std::vector<double>& key, const Enough& enough) {
  std::vector<std::size_t> ids(key.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = i;
  }
  const auto before = [&](std::size_t a, std::size_t b) {
    return key[a] != key[b] ? key[a] < key[b] : a < b;
  };
  std::size_t taken = 0;
  for (std::size_t sorted = 0; sorted < ids.size();) {
    const std::size_t goal = std::min(ids.size(), std::max<std::size_t>(64, 4 * sorted));
    const auto at = [&](std::size_t i) { return ids.begin() + static_cast<std::ptrdiff_t>(i); };
    std::partial_sort(at(sorted), at(goal), ids.end(), before);
    sorted = goal;
    while (taken < sorted) {
      if (enough(ids[taken++])) {
        ids.resize(taken);
        return ids;
      }
    }
  }
  return ids;
}

void keep_only(const std::vector<std::size_t>& ids, std::span<float> logits) {
  std::vector<float> kept;
  for (const std::size_t id : ids) {
    kept.push_back(logits[id]);
  }
  std::fill(logits.begin(), logits.end(), kRuledOut);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    logits[ids[i]] = kept[i];
  }
}

std::vector<double> log_probabilities(std::span<const float> logits) {
  const double total = log_sum_exp(logits);
  std::vector<double> result;
  result.reserve(logits.size());
  for (const float logit : logits) {
    result.push_back(logit - total);
  }
  return result;
}

// Keeps tokens in the order of `key` until their probabilities sum to p.
void keep_mass(const std::vector<double>& key, const std::vector<double>& log_p, double p,
               std::span<float> logits) {
  double mass = 0;
  keep_only(first_tokens(key,
                         [&](std::size_t id) {
                           mass += std::exp(log_p[id]);
                           return mass >= p;
                         }),
            logits);
}

}  // namespace

void Temperature::apply(std::span<const TokenId> /*context*/, std::span<float> logits) {
  for (float& logit : logits) {
    logit = static_cast<float>(logit / temperature_);
  }
}

void TopK::apply(std::span<const TokenId> /*context*/, std::span<float> logits) {
  if (k_ >= logits.size()) {
    return;
  }
  std::vector<double> key(logits.begin(), logits.end());
  for (double& value : key) {
    value = -value;
  }
  std::size_t count = 0;
  keep_only(first_tokens(key, [&](std::size_t) { return ++count == k_; }), logits);
}

void TopP::apply(std::span<const TokenId> /*context*/, std::span<float> logits) {
  const std::vector<double> log_p = log_probabilities(logits);
  std::vector<double> surprise = log_p;
  for (double& value : surprise) {
    value = -value;
  }
  keep_mass(surprise, log_p, p_, logits);
}

void MinP::apply(std::span<const TokenId> /*context*/, std::span<float> logits) {
  const float largest = *std::max_element(logits.begin(), logits.end());
  const auto least = static_cast<float>(largest + std::log(p_));
  for (float& logit : logits) {
    if (logit < least) {
      logit = kRuledOut;
    }
  }
}

void TypicalP::apply(std::span<const TokenId> /*context*/, std::span<float> logits) {
  const std::vector<double> log_p = log_probabilities(logits);
  double entropy = 0;
  for (const double value : log_p) {
    const double probability = std::exp(value);
    entropy -= probability > 0 ? probability * value : 0;
  }
  std::vector<double> oddness;
  oddness.reserve(log_p.size());
  for (const double value : log_p) {
    oddness.push_back(std::abs(-value - entropy));
  }
  keep_mass(oddness, log_p, p_, logits);
}

void ExcludeTopChoices::apply(std::span<const TokenId> context, std::span<float> logits) {
  RandomStream random(seed_, "xtc", context.size(), sample_);
  if (!random.bernoulli(probability_)) {
    return;
  }
  const std::vector<double> log_p = log_probabilities(logits);
  const double least = std::log(threshold_);
  std::size_t kept = logits.size();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (log_p[i] >= least && (kept == logits.size() || log_p[i] < log_p[kept])) {
      kept = i;
    }
  }
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (log_p[i] >= least && i != kept) {
      logits[i] = kRuledOut;
    }
  }
}

void Mirostat::learn(std::span<const TokenId> context) {
  if (!distribution_.empty() && context.size() == seen_ + 1) {
    const double surprise = -log_probability(distribution_, context.back()) / std::log(2.0);
    // A token from elsewhere (another draw's) may be one that was ruled out.
    mu_ -= std::isfinite(surprise) ? eta_ * (surprise - tau_) : 0.0;
  } else if (!distribution_.empty() && context.size() != seen_) {
    mu_ = 2 * tau_;
  }
  seen_ = context.size();
}

void Mirostat::apply(std::span<const TokenId> context, std::span<float> logits) {
  learn(context);
  const std::vector<double> log_p = log_probabilities(logits);
  const auto best = std::max_element(logits.begin(), logits.end()) - logits.begin();
  const double least = -mu_ * std::log(2.0);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (log_p[i] < least && i != static_cast<std::size_t>(best)) {
      logits[i] = kRuledOut;
    }
  }
  distribution_.assign(logits.begin(), logits.end());
}

}  // namespace everform
