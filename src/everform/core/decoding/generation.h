// The loop that writes text: prompt, draw, step, until an end token, a stop string or the length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/decoding/logits_processor.h"
#include "everform/core/decoding/step_model.h"
#include "everform/core/text/tokenizer.h"

namespace everform {

class Constraint;
class Drafter;

struct GenerationRequest {
  std::vector<TokenId> prompt;  ///< at least one token
  SamplingOptions sampling;
  /// Fewer are written where the model's context ends first.
  std::size_t max_tokens = 128;
  std::vector<std::string> stop;
  std::vector<TokenId> end_tokens;
  std::uint64_t seed = 0;
  std::uint64_t sample = 0;  ///< which of several samples of one prompt and seed
  /// The form that the new text has; none where it is null. Its end tokens should be those above.
  std::shared_ptr<const Constraint> constraint;
  /// Guesses tokens ahead; none where it is null. The text is the same with and without it, for models whose
  /// logits are the same bits however a sequence is fed.
  std::shared_ptr<Drafter> drafter;
  std::size_t draft_tokens = 8;  ///< most tokens guessed at once
  /// Called with each new piece of text: whole characters, never a part of a stop string. May be empty.
  std::function<void(std::string_view)> on_text;
};

struct GenerationResult {
  std::vector<TokenId> tokens;  ///< the new ones; the end token is the last where it was drawn
  std::string text;             ///< without special tokens and stop strings; valid UTF-8
  std::string finish;           ///< "stop": an end token or a stop string; "length"
  double prefill_tokens_per_second = 0.0;
  double decode_tokens_per_second = 0.0;
  std::size_t drafted = 0;      ///< tokens that were guessed
  std::size_t accepted = 0;     ///< of them, those that were right
  std::size_t model_calls = 0;  ///< after the prompt
};

/// What a sequence has read in earlier turns, so that a prompt that begins in the same way is not read again.
struct PromptCache {
  std::unique_ptr<SequenceState> state;
  std::vector<TokenId> tokens;
};

/// Draws a token from the logits after `context`: a copy of them goes through the chain, and the random
/// numbers are those of (seed, "sampling", context's length, sample), so that a sample does not depend on
/// what is drawn beside it. Contexts must grow by one token a call where the options have mirostat.
class TokenSampler {
 public:
  TokenSampler(const SamplingOptions& options, std::uint64_t seed, std::uint64_t sample = 0);
  /// Puts a processor in front of the chain (a constraint's: then truncations see only what it allows).
  void add_first(std::unique_ptr<LogitsProcessor> processor);
  TokenId draw(std::span<const TokenId> context, std::span<const float> logits);

 private:
  std::vector<std::unique_ptr<LogitsProcessor>> processors_;
  double temperature_;
  std::uint64_t seed_;
  std::uint64_t sample_;
  std::vector<float> logits_;
};

/// Throws Error{kUsage} where the prompt is empty or leaves no room in the model's context.
void check_prompt(const StepModel& model, std::span<const TokenId> prompt);

/// @param cache read and updated where given
GenerationResult generate(const StepModel& model, const Tokenizer& tokenizer,
                          const GenerationRequest& request, PromptCache* cache = nullptr);

}  // namespace everform
