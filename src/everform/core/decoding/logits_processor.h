// A chain of functions on the logits between the model and the draw.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "everform/core/base/random.h"
#include "everform/core/text/tokenizer.h"

namespace everform {

/// Changes logits in place; a token is ruled out by minus infinity.
class LogitsProcessor {
 public:
  virtual ~LogitsProcessor() = default;
  /// @param context every token the model has seen, prompt included @param logits [vocabulary]
  virtual void apply(std::span<const TokenId> context, std::span<float> logits) = 0;
};

/// Sampling options in the order they are applied: penalties, temperature, the truncations, XTC, mirostat.
struct SamplingOptions {
  double temperature = 0.8;  ///< 0 is greedy
  int top_k = 0;             ///< 0: off
  double top_p = 1.0;        ///< 1: off
  double min_p = 0.0;        ///< 0: off
  double typical_p = 1.0;    ///< 1: off (Meister et al. 2023)
  double repetition_penalty = 1.0;
  int repetition_window = 64;
  double presence_penalty = 0.0;
  double frequency_penalty = 0.0;
  double dry_multiplier = 0.0;  ///< 0: off; DRY penalty on repeated sequences
  double dry_base = 1.75;
  int dry_allowed_length = 2;
  double xtc_probability = 0.0;  ///< 0: off; chance of a draw to lose its top choices
  double xtc_threshold = 0.1;    ///< probability from which a token is a top choice
  double mirostat_tau = 0.0;     ///< 0: off; wanted surprise in bits a token (mirostat 2)
  double mirostat_eta = 0.1;     ///< how fast mirostat learns
};

/// Throws Error{kUsage} naming the option and its range.
void validate(const SamplingOptions& options);

/// The chain for these options. @param seed, sample key the random numbers of parts that draw some (XTC)
std::vector<std::unique_ptr<LogitsProcessor>> make_processors(const SamplingOptions& options,
                                                              std::uint64_t seed = 0,
                                                              std::uint64_t sample = 0);

/// Draws from softmax(logits); greedy (the first of equals) when temperature is 0. NaN throws Error{kFailed}.
TokenId draw_token(std::span<const float> logits, double temperature, RandomStream& random);

}  // namespace everform
