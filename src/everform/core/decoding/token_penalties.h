// Processors that make tokens which the context already holds less likely.
#pragma once

#include <cstddef>

#include "everform/core/decoding/logits_processor.h"

namespace everform {

/// Keskar et al. 2019 (CTRL): positive logits of tokens seen in the last `window` tokens are divided by the
/// penalty, negative ones multiplied.
class RepetitionPenalty : public LogitsProcessor {
 public:
  RepetitionPenalty(double penalty, std::size_t window) : penalty_(penalty), window_(window) {}
  void apply(std::span<const TokenId> context, std::span<float> logits) override;

 private:
  double penalty_;
  std::size_t window_;
};

/// logit -= presence (once seen in the last `window` tokens) + frequency * times seen.
class OccurrencePenalty : public LogitsProcessor {
 public:
  OccurrencePenalty(double presence, double frequency, std::size_t window)
      : presence_(presence), frequency_(frequency), window_(window) {}
  void apply(std::span<const TokenId> context, std::span<float> logits) override;

 private:
  double presence_;
  double frequency_;
  std::size_t window_;
};

/// DRY ("don't repeat yourself"): a token that would lengthen a repetition of the context's last n tokens, n
/// >= allowed_length, loses multiplier * base^(n - allowed_length), for the longest such n. Linear in the
/// context.
class DryPenalty : public LogitsProcessor {
 public:
  DryPenalty(double multiplier, double base, std::size_t allowed_length)
      : multiplier_(multiplier), base_(base), allowed_length_(allowed_length) {}
  void apply(std::span<const TokenId> context, std::span<float> logits) override;

 private:
  double multiplier_;
  double base_;
  std::size_t allowed_length_;
};

}  // namespace everform
