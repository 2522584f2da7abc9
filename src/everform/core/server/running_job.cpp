#include "everform/core/server/running_job.h"

#include <algorithm>
#include <utility>

#include "everform/core/base/threads.h"
#include "everform/core/server/token_scores.h"

namespace everform::server {

RunningJob::RunningJob(JobOrder order, const StepModel& model, const Tokenizer& tokenizer,
                       std::size_t reserved)
    : order_(std::move(order)),
      reserved_(reserved),
      state_(model.new_sequence()),
      tokens_(order_.request.prompt),
      sampler_(order_.request.sampling, order_.request.seed, order_.request.sample),
      text_(tokenizer, order_.request.stop) {
  if (order_.request.constraint) {
    form_ = order_.request.constraint->begin(order_.request.prompt.size());
  }
}

void RunningJob::adopt(std::unique_ptr<SequenceState> state, std::size_t length) {
  state_ = std::move(state);
  fed_ = length;
  reused_ = length;
}

void RunningJob::read(const StepModel& model, std::size_t count, std::span<float> logits) {
  const auto next = std::span(request().prompt).subspan(fed_, std::min(count, unread()));
  if (request().prompt_logprobs) {
    read_scored(model, next, logits);
  } else {
    model.prefill(*state_, next, logits);
  }
  fed_ += next.size();
  if (!reading() && request().prompt_logprobs) {
    order_.sink->on_prompt(std::exchange(prompt_scores_, {}));
  }
}

void RunningJob::read_scored(const StepModel& model, std::span<const TokenId> tokens,
                             std::span<float> logits) {
  const std::vector<TokenId>& prompt = request().prompt;
  const std::size_t vocabulary = model.vocabulary();
  std::vector<float> rows(tokens.size() * vocabulary);
  model.prefill_all(*state_, tokens, rows);
  if (prompt_scores_.empty()) {
    prompt_scores_.resize(prompt.size());
    prompt_scores_.front().token = prompt.front();
  }
  // Row i stands after the prompt's token fed_ + i and scores the one behind it.
  default_pool().parallel_for(tokens.size(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      const std::size_t scored = fed_ + i + 1;
      if (scored < prompt.size()) {
        prompt_scores_[scored] = score_token(std::span(rows).subspan(i * vocabulary, vocabulary),
                                             prompt[scored], request().top_logprobs);
      }
    }
  });
  std::copy(rows.end() - static_cast<std::ptrdiff_t>(vocabulary), rows.end(), logits.begin());
}

void RunningJob::draw(std::span<const float> logits) {
  try {
    std::span<const float> row = logits;
    if (form_ || !request().bias.empty()) {
      row_.assign(logits.begin(), logits.end());
      for (const auto& [token, bias] : request().bias) {
        row_[static_cast<std::size_t>(token)] += bias;
      }
      if (form_) {
        form_->apply(tokens_, row_);
      }
      row = row_;
    }
    drawn_ = sampler_.draw(tokens_, row);
    if (request().top_logprobs >= 0) {
      drawn_score_ = score_token(logits, drawn_, request().top_logprobs);
    }
  } catch (const Error& error) {
    draw_error_ = error.where() + ": " + error.message();
  } catch (const std::exception& error) {
    draw_error_ = error.what();
  }
}

std::optional<JobFinish> RunningJob::accept() {
  if (!draw_error_.empty()) {
    throw Error(ErrorKind::kFailed, "generating", draw_error_);
  }
  ++new_tokens_;
  const std::vector<TokenId>& ends = request().end_tokens;
  if (std::find(ends.begin(), ends.end(), drawn_) != ends.end()) {
    deliver(text_.finish());
    return JobFinish::kStop;
  }
  tokens_.push_back(drawn_);
  deliver(text_.push(drawn_, drawn_score_ ? &*drawn_score_ : nullptr));
  if (text_.stopped()) {
    return JobFinish::kStop;
  }
  if (new_tokens_ >= request().max_tokens) {
    deliver(text_.finish());
    return text_.stopped() ? JobFinish::kStop : JobFinish::kLength;
  }
  return std::nullopt;
}

void RunningJob::deliver(JobPiece piece) {
  if (!piece.text.empty() || !piece.tokens.empty()) {
    order_.sink->on_piece(std::move(piece));
  }
}

void RunningJob::end(JobFinish finish, std::string error) {
  order_.sink->on_end({.finish = finish,
                       .error = std::move(error),
                       .prompt_tokens = request().prompt.size(),
                       .reused_tokens = reused_,
                       .new_tokens = new_tokens_});
}

std::pair<std::unique_ptr<SequenceState>, std::vector<TokenId>> RunningJob::release() {
  tokens_.resize(fed_);
  return {std::move(state_), std::move(tokens_)};
}

}  // namespace everform::server
