// Processors that scale the distribution and cut its tail off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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

/// "Exclude top choices" (p-e-w 2024): with `probability`, where two tokens or more have at least `threshold`
/// of the distribution, all of them but the least likely are ruled out. Whether it happens is drawn from
/// (seed, "xtc", context's length, sample), so that a draw depends on its position alone.
class ExcludeTopChoices : public LogitsProcessor {
 public:
  ExcludeTopChoices(double threshold, double probability, std::uint64_t seed, std::uint64_t sample)
      : threshold_(threshold), probability_(probability), seed_(seed), sample_(sample) {}
  void apply(std::span<const TokenId> context, std::span<float> logits) override;

 private:
  double threshold_;
  double probability_;
  std::uint64_t seed_;
  std::uint64_t sample_;
};

/// Mirostat 2 (Basu et al. 2021, algorithm 2): tokens whose surprise -log2 P is above mu are ruled out, at
/// least one stays, and after each draw mu moves by -eta (surprise of the drawn token among those that stayed
/// - tau); it begins at 2 tau. What was drawn is read from the next call's context: contexts must grow by one
/// token a call, else mu begins anew.
class Mirostat : public LogitsProcessor {
 public:
  Mirostat(double tau, double eta) : tau_(tau), eta_(eta), mu_(2 * tau) {}
  void apply(std::span<const TokenId> context, std::span<float> logits) override;
  double mu() const { return mu_; }

 private:
  void learn(std::span<const TokenId> context);

  double tau_;
  double eta_;
  double mu_;
  std::size_t seen_ = 0;             ///< length of the last call's context
  std::vector<float> distribution_;  ///< logits that the last call left
};

}  // namespace everform
