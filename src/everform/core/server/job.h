// One generation of the scheduler: what it is asked for and what it reports.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/decoding/constraints/constraint.h"
#include "everform/core/decoding/logits_processor.h"
#include "everform/core/text/tokenizer.h"

namespace everform::server {

struct JobRequest {
  std::vector<TokenId> prompt;  ///< at least one token
  SamplingOptions sampling;
  std::size_t max_tokens = 16;  ///< 0: only the prompt is read
  std::vector<std::string> stop;
  std::vector<TokenId> end_tokens;
  std::uint64_t seed = 0;
  std::uint64_t sample = 0;  ///< which of several samples of one prompt and seed
  /// How many of the likeliest tokens are named beside each; below 0: no log-probabilities at all.
  int top_logprobs = -1;
  bool prompt_logprobs = false;                 ///< of the prompt's tokens too; needs top_logprobs >= 0
  std::vector<std::pair<TokenId, float>> bias;  ///< added to logits
  std::shared_ptr<const Constraint> constraint;
  std::string client;  ///< whose turn it takes
};

/// A token as an answer names it, with the model's own log-probabilities (before any sampling option).
struct ScoredToken {
  TokenId token = 0;
  bool scored = false;  ///< false for the first token of a prompt
  double logprob = 0.0;
  std::vector<std::pair<TokenId, double>> top;  ///< the likeliest first
};

struct JobPiece {
  std::string text;                 ///< whole characters, nothing that could still become a stop string
  std::vector<ScoredToken> tokens;  ///< those whose text is out; empty without top_logprobs
};

enum class JobFinish { kStop, kLength, kCancelled, kShutDown, kFailed };

struct JobEnd {
  JobFinish finish = JobFinish::kStop;
  std::string error;  ///< kFailed
  std::size_t prompt_tokens = 0;
  std::size_t reused_tokens = 0;  ///< of the prompt, read from a kept sequence
  std::size_t new_tokens = 0;     ///< the end token among them
};

/// Hears of one job, on the engine's thread; must not block it. on_end comes last, exactly once.
class JobSink {
 public:
  virtual ~JobSink() = default;
  /// The prompt's tokens, once, where they were asked for.
  virtual void on_prompt(std::vector<ScoredToken> tokens) = 0;
  virtual void on_piece(JobPiece piece) = 0;
  virtual void on_end(const JobEnd& end) = 0;
};

}  // namespace everform::server
