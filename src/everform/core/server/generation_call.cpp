#include "everform/core/server/generation_call.h"

#include <algorithm>
#include <utility>

#include "everform/core/server/api_error.h"
#include "everform/core/server/sse.h"

namespace everform::server {

// Ties one job to its place in the answer. The scheduler's reference keeps the call alive.
class GenerationCall::Sink : public JobSink {
 public:
  Sink(std::shared_ptr<GenerationCall> call, std::size_t index) : call_(std::move(call)), index_(index) {}
  void on_prompt(std::vector<ScoredToken> tokens) override { call_->on_prompt(index_, std::move(tokens)); }
  void on_piece(JobPiece piece) override { call_->on_piece(index_, std::move(piece)); }
  void on_end(const JobEnd& end) override { call_->on_end(index_, end); }

 private:
  std::shared_ptr<GenerationCall> call_;
  std::size_t index_;
};

GenerationCall::GenerationCall(std::shared_ptr<HttpReply> reply, std::unique_ptr<AnswerFormat> format,
                               bool stream, bool include_usage, std::function<void(const CallReport&)> report)
    : reply_(std::move(reply)),
      format_(std::move(format)),
      stream_(stream),
      include_usage_(include_usage),
      report_(std::move(report)) {}

void GenerationCall::start(Scheduler& scheduler, std::vector<JobRequest> jobs) {
  choices_.resize(jobs.size());
  opened_.resize(jobs.size(), false);
  open_ = jobs.size();
  std::vector<JobOrder> orders;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    orders.push_back({std::move(jobs[i]), std::make_shared<Sink>(shared_from_this(), i), cancelled_});
  }
  // From here on the engine's thread may answer, and let go of the reply, at any moment.
  const std::shared_ptr<HttpReply> reply = reply_;
  switch (scheduler.submit(std::move(orders))) {
    case Submitted::kTaken:
      break;
    case Submitted::kFull:
      throw ApiError(429, "too many requests are waiting", "", "rate_limit_exceeded").retry_after(1);
    case Submitted::kClosed:
      throw ApiError(503, "the server is shutting down").retry_after(5);
    case Submitted::kNeverFits:
      throw ApiError(400, "the request needs more memory than the server gives all requests together",
                     "max_tokens", "context_length_exceeded");
  }
  reply->on_gone([cancelled = cancelled_, &scheduler] {
    *cancelled = true;
    scheduler.wake();
  });
}

void GenerationCall::on_prompt(std::size_t index, std::vector<ScoredToken> tokens) {
  if (stream_) {
    begin_stream();
    write(format_->echo(index, tokens));
  } else {
    choices_[index].prompt_tokens = std::move(tokens);
  }
}

void GenerationCall::on_piece(std::size_t index, JobPiece piece) {
  if (figures_.first_token_seconds < 0) {
    figures_.first_token_seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  }
  if (stream_) {
    begin_stream();
    if (!opened_[index]) {
      opened_[index] = true;
      write(format_->opening(index));
    }
    write(format_->piece(index, piece));
    return;
  }
  Choice& choice = choices_[index];
  choice.text += piece.text;
  std::move(piece.tokens.begin(), piece.tokens.end(), std::back_inserter(choice.tokens));
}

void GenerationCall::on_end(std::size_t index, const JobEnd& end) {
  Choice& choice = choices_[index];
  choice.end = end;
  choice.ended = true;
  figures_.prompt_tokens += end.prompt_tokens;
  figures_.new_tokens += end.new_tokens;
  const bool good = end.finish == JobFinish::kStop || end.finish == JobFinish::kLength;
  if (stream_ && good) {
    begin_stream();
    if (!opened_[index]) {
      opened_[index] = true;
      write(format_->opening(index));
    }
    write(format_->closing(index, choice));
  }
  if (!good) {
    *cancelled_ = true;  // the answer is lost: its other texts need not be written
  }
  if (--open_ == 0) {
    finish();
  }
}

void GenerationCall::begin_stream() {
  if (reply_ && figures_.status == 200 && !std::exchange(streaming_, true)) {
    reply_->begin_stream({.content_type = "text/event-stream; charset=utf-8",
                          .headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}}});
  }
}

void GenerationCall::write(const std::vector<AnswerFormat::Json>& events) {
  std::string text;
  for (const AnswerFormat::Json& event : events) {
    text += sse_event(event);
  }
  reply_->write(std::move(text));
}

void GenerationCall::finish() {
  const bool good = std::all_of(choices_.begin(), choices_.end(), [](const Choice& choice) {
    return choice.end.finish == JobFinish::kStop || choice.end.finish == JobFinish::kLength;
  });
  if (!good) {
    finish_with_error();
  } else if (stream_) {
    if (include_usage_) {
      write({format_->usage_piece(choices_)});
    }
    reply_->write(sse_done());
    reply_->end_stream();
  } else {
    reply_->send({.body = format_->whole(choices_).dump(-1, ' ', false,
                                                        AnswerFormat::Json::error_handler_t::replace)});
  }
  figures_.seconds = std::chrono::duration<double>(Clock::now() - began_).count();
  report_(figures_);
  reply_.reset();
}

void GenerationCall::finish_with_error() {
  const auto failed = [&](JobFinish finish) {
    return std::find_if(choices_.begin(), choices_.end(),
                        [&](const Choice& choice) { return choice.end.finish == finish; });
  };
  ApiError error(499, "the client went");
  if (const auto bad = failed(JobFinish::kFailed); bad != choices_.end()) {
    error = ApiError(500, bad->end.error);
  } else if (failed(JobFinish::kShutDown) != choices_.end()) {
    error = ApiError(503, "the server is shutting down").retry_after(5);
  }
  figures_.status = error.status();
  if (streaming_) {
    reply_->write("data: " + error.body() + "\n\n");
    reply_->end_stream();
  } else if (error.status() != 499) {
    reply_->send(error.response());
  }
}

}  // namespace everform::server
