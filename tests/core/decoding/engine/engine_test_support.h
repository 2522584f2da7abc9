// Feeding and comparing models.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "everform/core/base/random.h"
#include "everform/core/decoding/step_model.h"

namespace everform::test {

inline std::vector<TokenId> random_tokens(std::size_t count, std::int64_t vocabulary,
                                          std::uint64_t seed = 7) {
  RandomStream random(seed, "tokens");
  std::vector<TokenId> tokens;
  for (std::size_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<TokenId>(random.below(static_cast<std::uint64_t>(vocabulary))));
  }
  return tokens;
}

/// Logits after every token, fed in chunks of `chunk`.
inline std::vector<float> logits_in_chunks(const StepModel& model, const std::vector<TokenId>& tokens,
                                           std::size_t chunk) {
  std::vector<float> logits(tokens.size() * model.vocabulary());
  const auto state = model.new_sequence();
  for (std::size_t begin = 0; begin < tokens.size(); begin += chunk) {
    const std::size_t count = std::min(chunk, tokens.size() - begin);
    model.prefill_all(*state, std::span(tokens).subspan(begin, count),
                      std::span(logits).subspan(begin * model.vocabulary(), count * model.vocabulary()));
  }
  return logits;
}

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

/// The largest difference.
inline double difference(std::span<const float> a, std::span<const float> b) {
  double largest = a.size() == b.size() ? 0.0 : INFINITY;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double gap = std::abs(static_cast<double>(a[i]) - b[i]);
    largest = gap <= largest ? largest : gap;  // NaN counts
  }
  return largest;
}

/// Mean over rows of KL(softmax(wanted) || softmax(found)). @param rows of `width` logits
inline double mean_divergence(std::span<const float> wanted, std::span<const float> found,
                              std::size_t width) {
  const auto normal = [&](std::span<const float> row) {
    double sum = 0;
    const float largest = *std::max_element(row.begin(), row.end());
    for (const float x : row) {
      sum += std::exp(static_cast<double>(x) - largest);
    }
    return largest + std::log(sum);
  };
  double total = 0;
  for (std::size_t at = 0; at < wanted.size(); at += width) {
    const auto p = wanted.subspan(at, width);
    const auto q = found.subspan(at, width);
    const double p_norm = normal(p);
    const double q_norm = normal(q);
    for (std::size_t i = 0; i < width; ++i) {
      const double log_p = p[i] - p_norm;
      total += std::exp(log_p) * (log_p - (q[i] - q_norm));
    }
  }
  return total / (static_cast<double>(wanted.size()) / static_cast<double>(width));
}

}  // namespace everform::test
