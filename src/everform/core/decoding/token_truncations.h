// Processors that scale the distribution and cut its tail off.
#pragma once

#include <cstddef>

#include "everform/core/decoding/logits_processor.h"

namespace everform {

/// logits / temperature
class Temperature : public LogitsProcessor {
 public:
  explicit Temperature(double temperature) : temperature_(temperature) {}
  void apply(std::span<const TokenId> context, std::span<float> logits) override;

 private:
  double temperature_;
};

/// Keeps the k likeliest tokens; of equal ones those with the lower ids.
class TopK : public LogitsProcessor {
 public:
  explicit TopK(std::size_t k) : k_(k) {}
  void apply(std::span<const TokenId> context, std::span<float> logits) override;

 private:
  std::size_t k_;
};

/// Nucleus (Holtzman et al. 2020): the likeliest tokens until their probabilities sum to p, at least one.
class TopP : public LogitsProcessor {
 public:
  explicit TopP(double p) : p_(p) {}
  void apply(std::span<const TokenId> context, std::span<float> logits) override;

 private:
  double p_;
};

/// Keeps tokens of at least p times the likeliest token's probability.
class MinP : public LogitsProcessor {
 public:
  explicit MinP(double p) : p_(p) {}
  void apply(std::span<const TokenId> context, std::span<float> logits) override;

 private:
  double p_;
};

/// Locally typical (Meister et al. 2023): the tokens whose surprise -log P is closest to the entropy, until
/// their probabilities sum to p, at least one.
class TypicalP : public LogitsProcessor {
 public:
  explicit TypicalP(double p) : p_(p) {}
  void apply(std::span<const TokenId> context, std::span<float> logits) override;

 private:
  double p_;
};

}  // namespace everform
