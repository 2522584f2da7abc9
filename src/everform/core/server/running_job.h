// One job while it holds a slot: its sequence, and what is drawn from it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "everform/core/decoding/generation.h"
#include "everform/core/decoding/step_model.h"
#include "everform/core/server/job.h"
#include "everform/core/server/shown_text.h"

namespace everform::server {

/// A job with whoever hears of it. The sink's owner sets `cancelled` where nobody does any more.
struct JobOrder {
  JobRequest request;
  std::shared_ptr<JobSink> sink;
  std::shared_ptr<std::atomic<bool>> cancelled;
};

/// The engine's thread alone touches it, but for draw(), which several jobs may do at once.
class RunningJob {
 public:
  /// @param reserved bytes of the budget that it holds
  RunningJob(JobOrder order, const StepModel& model, const Tokenizer& tokenizer, std::size_t reserved);

  const JobRequest& request() const { return order_.request; }
  bool cancelled() const { return *order_.cancelled; }
  std::size_t reserved() const { return reserved_; }
  /// The prompt and every token drawn.
  const std::vector<TokenId>& tokens() const { return tokens_; }
  /// How many of tokens() the sequence has seen.
  std::size_t fed() const { return fed_; }
  bool reading() const { return fed_ < request().prompt.size(); }
  std::size_t unread() const { return reading() ? request().prompt.size() - fed_ : 0; }
  SequenceState& state() { return *state_; }

  /// Begins with a sequence that has seen the first `length` tokens of the prompt.
  void adopt(std::unique_ptr<SequenceState> state, std::size_t length);
  /// Reads at most `count` tokens of the prompt. @param logits [vocabulary], those after the last one read
  void read(const StepModel& model, std::size_t count, std::span<float> logits);
  /// The sequence has seen one more token by the model's step.
  void stepped() { ++fed_; }

  /// Draws the next token; accept() delivers it. What goes wrong is kept until then.
  void draw(std::span<const float> logits);
  /// Delivers the token drawn. @return how the job ended, where it did
  std::optional<JobFinish> accept();
  /// Tells the sink. Nothing may be called afterwards but release().
  void end(JobFinish finish, std::string error = "");
  /// The sequence with the tokens that it has seen, for whoever comes next.
  std::pair<std::unique_ptr<SequenceState>, std::vector<TokenId>> release();

 private:
  void read_scored(const StepModel& model, std::span<const TokenId> tokens, std::span<float> logits);
  void deliver(JobPiece piece);

  JobOrder order_;
  std::size_t reserved_;
  std::unique_ptr<SequenceState> state_;
  std::vector<TokenId> tokens_;
  std::size_t fed_ = 0;
  std::size_t reused_ = 0;
  TokenSampler sampler_;
  std::unique_ptr<LogitsProcessor> form_;
  ShownText text_;
  std::vector<ScoredToken> prompt_scores_;
  std::vector<float> row_;
  TokenId drawn_ = 0;
  std::size_t new_tokens_ = 0;
  std::optional<ScoredToken> drawn_score_;
  std::string draw_error_;
};

}  // namespace everform::server
