// Guesses of the tokens that come next, so that the model can check several in one call.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "everform/core/decoding/generation.h"
#include "everform/core/decoding/step_model.h"

namespace everform {

/// Guesses what follows a context. Guesses change how fast a text is written, never the text: the model's
/// own token is drawn at every place, and a guess that equals it saves a call (Leviathan et al. 2023, with
/// draws keyed by their place instead of rejection). For one generation at a time.
class Drafter {
 public:
  virtual ~Drafter() = default;
  /// Up to `count` tokens that may follow `context`; none where there is no guess.
  virtual std::vector<TokenId> draft(std::span<const TokenId> context, std::size_t count) = 0;
};

/// Looks the last tokens up in the context itself (prompt lookup, Saxena 2023): the longest repetition of its
/// end, the later one of equal length, goes on as it did before.
class NgramDrafter : public Drafter {
 public:
  /// @param shortest tokens that must repeat @param longest repetitions of more tokens count the same
  explicit NgramDrafter(std::size_t shortest = 2, std::size_t longest = 16)
      : shortest_(shortest), longest_(longest) {}
  std::vector<TokenId> draft(std::span<const TokenId> context, std::size_t count) override;

 private:
  std::size_t shortest_;
  std::size_t longest_;
};

/// A smaller model with the same vocabulary. It draws with the options and random numbers of the large one,
/// so that the two agree wherever their distributions do.
class ModelDrafter : public Drafter {
 public:
  ModelDrafter(std::shared_ptr<const StepModel> model, const SamplingOptions& sampling, std::uint64_t seed,
               std::uint64_t sample = 0);
  std::vector<TokenId> draft(std::span<const TokenId> context, std::size_t count) override;

 private:
  std::shared_ptr<const StepModel> model_;
  TokenSampler sampler_;
  std::unique_ptr<SequenceState> state_;
  std::vector<TokenId> read_;  ///< what the state has seen
  std::vector<float> logits_;
};

}  // namespace everform
