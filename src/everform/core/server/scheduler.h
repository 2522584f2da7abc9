// Many generations at once on one model: who gets a slot, who is read and who steps next.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "everform/core/decoding/step_model.h"
#include "everform/core/server/fair_queue.h"
#include "everform/core/server/prefix_store.h"
#include "everform/core/server/running_job.h"

namespace everform::server {

struct SchedulerOptions {
  std::size_t slots = 16;  ///< sequences that step together
  /// The one budget of bytes: the caches of running and kept sequences, and the prompts of those who wait
  /// (at most an eighth of it).
  std::size_t bytes = std::size_t{1} << 30;
  std::size_t waiting = 8192;  ///< jobs that may wait
  /// How long running sequences wait, about, while a piece of a prompt is read.
  double chunk_seconds = 0.1;
};

enum class Submitted {
  kTaken,
  kFull,       ///< try again later
  kNeverFits,  ///< larger than the whole budget
  kClosed,     ///< it drains
};

/// What it has done and what it holds, for /metrics.
struct SchedulerCounts {
  std::size_t running = 0;
  std::size_t waiting = 0;
  std::size_t kept_sequences = 0;
  std::size_t budget_bytes = 0;
  std::size_t reserved_bytes = 0;  ///< of running sequences
  std::size_t kept_bytes = 0;
  std::uint64_t prompt_tokens = 0;
  std::uint64_t reused_tokens = 0;
  std::uint64_t new_tokens = 0;
  std::uint64_t steps = 0;
  std::uint64_t finished = 0;
  std::uint64_t cancelled = 0;
  std::uint64_t failed = 0;
  std::uint64_t refused = 0;
};

/// Every job's tokens are those of the job alone, as far as the model's logits do not depend on what is
/// computed beside them.
class Scheduler {
 public:
  Scheduler(std::shared_ptr<const StepModel> model, std::shared_ptr<const Tokenizer> tokenizer,
            SchedulerOptions options);

  /// Any thread. All of the orders are taken, or none.
  Submitted submit(std::vector<JobOrder> orders);
  /// Any thread: a job was cancelled.
  void wake();
  /// Any thread: takes nothing more; who waits is turned away, who runs may finish until `deadline`.
  void drain(std::chrono::steady_clock::time_point deadline);
  SchedulerCounts counts() const;

  /// The engine's thread: looks after arrivals and departures, steps every running sequence once, and reads a
  /// piece of one prompt. @return whether there is more to do
  bool run_stage();
  /// The engine's thread: waits for something to do; returns at once where there is.
  void wait();
  /// The engine's thread, after drain(): nothing runs or waits any more.
  bool drained() const;

 private:
  using Clock = std::chrono::steady_clock;

  std::size_t bytes_needed(const JobRequest& request) const;
  std::size_t cache_budget() const { return options_.bytes - options_.bytes / 8; }
  std::size_t kept_bytes() const { return kept_.tokens() * bytes_per_token_; }

  void turn_away();
  void fill_slots();
  void start(JobOrder order, std::size_t need);
  void step_all();
  void draw_all(const std::vector<RunningJob*>& jobs);
  RunningJob* next_to_read();
  void read_piece();
  void share_running_prefix(RunningJob& job);
  void learn_pace(std::size_t tokens, Clock::duration time);
  void retire(RunningJob& job, JobFinish finish, const std::string& error = "");
  void update_counts();

  std::shared_ptr<const StepModel> model_;
  std::shared_ptr<const Tokenizer> tokenizer_;
  SchedulerOptions options_;
  std::size_t bytes_per_token_;

  mutable std::mutex mutex_;  ///< guards what follows, up to running_
  std::condition_variable news_;
  bool has_news_ = false;
  bool closed_ = false;
  bool cancellations_ = false;  ///< some of waiting_ may be
  Clock::time_point deadline_{};
  FairQueue<JobOrder> waiting_;
  std::size_t waiting_bytes_ = 0;
  SchedulerCounts counts_;

  std::vector<std::unique_ptr<RunningJob>> running_;  ///< in the order they began
  PrefixStore kept_;
  std::size_t reserved_ = 0;
  std::vector<float> logits_;
  double read_pace_ = 0.0;  ///< prompt tokens a second
  std::uint64_t turn_ = 0;
};

}  // namespace everform::server
