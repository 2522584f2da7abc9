// One request for texts on its way: the jobs it became, and the answer that they fill.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "everform/core/server/http_message.h"
#include "everform/core/server/openai_answers.h"
#include "everform/core/server/scheduler.h"

namespace everform::server {

/// How a call went, for the log and the metrics.
struct CallReport {
  int status = 200;
  std::size_t prompt_tokens = 0;
  std::size_t new_tokens = 0;
  double first_token_seconds = -1;  ///< below 0: there was none
  double seconds = 0;
};

class GenerationCall : public std::enable_shared_from_this<GenerationCall> {
 public:
  GenerationCall(std::shared_ptr<HttpReply> reply, std::unique_ptr<AnswerFormat> format, bool stream,
                 bool include_usage, std::function<void(const CallReport&)> report);

  /// Gives the jobs to the scheduler; their results go to the reply. Throws ApiError where they are not
  /// taken. @param scheduler outlives the call
  void start(Scheduler& scheduler, std::vector<JobRequest> jobs);

 private:
  class Sink;
  using Clock = std::chrono::steady_clock;

  // On the engine's thread:
  void on_prompt(std::size_t index, std::vector<ScoredToken> tokens);
  void on_piece(std::size_t index, JobPiece piece);
  void on_end(std::size_t index, const JobEnd& end);
  void begin_stream();
  void write(const std::vector<AnswerFormat::Json>& events);
  void finish();
  void finish_with_error();

  std::shared_ptr<HttpReply> reply_;
  std::unique_ptr<AnswerFormat> format_;
  bool stream_;
  bool include_usage_;
  std::function<void(const CallReport&)> report_;
  std::vector<Choice> choices_;
  bool streaming_ = false;  ///< the head of the stream is out
  std::vector<bool> opened_;
  std::size_t open_ = 0;
  std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  Clock::time_point began_ = Clock::now();
  CallReport figures_;
};

}  // namespace everform::server
