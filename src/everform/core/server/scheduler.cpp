#include "everform/core/server/scheduler.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "everform/core/base/threads.h"

namespace everform::server {
namespace {

constexpr std::size_t kSmallestPiece = 16;
constexpr std::size_t kFirstPiece = 64;
constexpr std::size_t kLargestPiece = 512;
// Rows of logits that a scored prompt holds at once.
constexpr std::size_t kLargestScoredPiece = 64;
constexpr std::size_t kMostKept = 256;

std::size_t waiting_size(const JobRequest& request) {
  return sizeof(JobOrder) + request.prompt.size() * sizeof(TokenId);
}

}  // namespace

Scheduler::Scheduler(std::shared_ptr<const StepModel> model, std::shared_ptr<const Tokenizer> tokenizer,
                     SchedulerOptions options)
    : model_(std::move(model)),
      tokenizer_(std::move(tokenizer)),
      options_(options),
      bytes_per_token_(std::max<std::size_t>(1, model_->cache_bytes_per_token())) {
  counts_.budget_bytes = options_.bytes;
}

std::size_t Scheduler::bytes_needed(const JobRequest& request) const {
  // The last token drawn is never fed.
  const std::size_t tokens =
      std::min(model_->context(), request.prompt.size() + std::max<std::size_t>(request.max_tokens, 1) - 1);
  return tokens > std::numeric_limits<std::size_t>::max() / bytes_per_token_
             ? std::numeric_limits<std::size_t>::max()
             : tokens * bytes_per_token_;
}

Submitted Scheduler::submit(std::vector<JobOrder> orders) {
  std::size_t bytes = 0;
  bool fits = true;
  for (const JobOrder& order : orders) {
    bytes += waiting_size(order.request);
    fits = fits && bytes_needed(order.request) <= cache_budget();
  }
  const std::lock_guard lock(mutex_);
  if (closed_) {
    return Submitted::kClosed;
  }
  if (!fits || orders.size() > options_.waiting || bytes > options_.bytes / 8) {
    return Submitted::kNeverFits;
  }
  if (orders.size() > options_.waiting - waiting_.size() || bytes > options_.bytes / 8 - waiting_bytes_) {
    ++counts_.refused;
    return Submitted::kFull;
  }
  waiting_bytes_ += bytes;
  for (JobOrder& order : orders) {
    const std::string client = order.request.client;
    waiting_.push(client, std::move(order));
  }
  has_news_ = true;
  news_.notify_one();
  return Submitted::kTaken;
}

void Scheduler::wake() {
  const std::lock_guard lock(mutex_);
  cancellations_ = true;
  has_news_ = true;
  news_.notify_one();
}

void Scheduler::drain(Clock::time_point deadline) {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  deadline_ = deadline;
  has_news_ = true;
  news_.notify_one();
}

SchedulerCounts Scheduler::counts() const {
  const std::lock_guard lock(mutex_);
  SchedulerCounts counts = counts_;
  counts.waiting = waiting_.size();
  return counts;
}

bool Scheduler::drained() const {
  const std::lock_guard lock(mutex_);
  return closed_ && waiting_.empty() && running_.empty();
}

void Scheduler::wait() {
  std::unique_lock lock(mutex_);
  news_.wait(lock, [this] { return has_news_; });
  has_news_ = false;
}

bool Scheduler::run_stage() {
  turn_away();
  fill_slots();
  step_all();
  read_piece();
  update_counts();
  const std::lock_guard lock(mutex_);
  return !running_.empty() || !waiting_.empty();
}

// Ends what nobody waits for any more, and everything that a drain does not let finish.
void Scheduler::turn_away() {
  std::vector<JobOrder> gone;
  bool closed = false;
  {
    const std::lock_guard lock(mutex_);
    closed = closed_;
    if (closed_ || std::exchange(cancellations_, false)) {
      waiting_.take_if([&](const JobOrder& order) { return closed || *order.cancelled; },
                       [&](JobOrder order) {
                         waiting_bytes_ -= waiting_size(order.request);
                         counts_.cancelled += closed ? 0 : 1;
                         gone.push_back(std::move(order));
                       });
    }
  }
  for (const JobOrder& order : gone) {
    order.sink->on_end({.finish = *order.cancelled ? JobFinish::kCancelled : JobFinish::kShutDown});
  }
  const bool late = closed && Clock::now() >= deadline_;
  std::vector<RunningJob*> leaving;
  for (const auto& job : running_) {
    if (late || job->cancelled()) {
      leaving.push_back(job.get());
    }
  }
  for (RunningJob* job : leaving) {
    retire(*job, job->cancelled() ? JobFinish::kCancelled : JobFinish::kShutDown);
  }
}

void Scheduler::fill_slots() {
  while (running_.size() < options_.slots) {
    std::optional<JobOrder> order;
    std::size_t need = 0;
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.empty()) {
        return;
      }
      need = bytes_needed(waiting_.front().request);
      if (need > cache_budget() - reserved_) {
        return;  // nobody overtakes it, or a large one would wait for ever
      }
      order = waiting_.pop();
      waiting_bytes_ -= waiting_size(order->request);
    }
    start(std::move(*order), need);
  }
}

void Scheduler::start(JobOrder order, std::size_t need) {
  const std::shared_ptr<JobSink> sink = order.sink;
  try {
    auto job = std::make_unique<RunningJob>(std::move(order), *model_, *tokenizer_, need);
    const auto prompt = std::span(job->request().prompt);
    const auto readable = prompt.first(prompt.size() - 1);  // the last is read for its logits
    const std::size_t length = job->request().prompt_logprobs ? 0 : kept_.longest(readable);
    if (length > 0) {
      const bool room = kept_bytes() <= cache_budget() - reserved_ - need;
      job->adopt(kept_.take(readable, length, room), length);
      const std::lock_guard lock(mutex_);
      counts_.reused_tokens += length;
    }
    while (kept_bytes() > cache_budget() - reserved_ - need && kept_.evict()) {
    }
    reserved_ += need;
    running_.push_back(std::move(job));
  } catch (const std::exception& error) {
    sink->on_end({.finish = JobFinish::kFailed, .error = error.what()});
  }
}

void Scheduler::step_all() {
  std::vector<RunningJob*> jobs;
  std::vector<SequenceState*> states;
  std::vector<TokenId> tokens;
  for (const auto& job : running_) {
    if (!job->reading()) {
      jobs.push_back(job.get());
      states.push_back(&job->state());
      tokens.push_back(job->tokens().back());
    }
  }
  if (jobs.empty()) {
    return;
  }
  logits_.resize(jobs.size() * model_->vocabulary());
  try {
    model_->step(states, tokens, logits_);
  } catch (const std::exception& error) {
    for (RunningJob* job : jobs) {
      retire(*job, JobFinish::kFailed, error.what());
    }
    return;
  }
  for (RunningJob* job : jobs) {
    job->stepped();
  }
  {
    const std::lock_guard lock(mutex_);
    ++counts_.steps;
  }
  draw_all(jobs);
}

// Row i of logits_ belongs to job i.
void Scheduler::draw_all(const std::vector<RunningJob*>& jobs) {
  const std::size_t vocabulary = model_->vocabulary();
  const auto draw = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      jobs[i]->draw(std::span(logits_).subspan(i * vocabulary, vocabulary));
    }
  };
  if (jobs.size() == 1) {
    draw(0, 1);
  } else {
    default_pool().parallel_for(jobs.size(), 1, draw);
  }
  for (RunningJob* job : jobs) {
    try {
      if (const auto finish = job->accept()) {
        retire(*job, *finish);
      }
    } catch (const std::exception& error) {
      retire(*job, JobFinish::kFailed, error.what());
    }
  }
  const std::lock_guard lock(mutex_);
  counts_.new_tokens += jobs.size();
}

// In turn the prompt with the least left to read, so that short ones do not wait for long ones, and the one
// that has waited longest, so that long ones come to their end.
RunningJob* Scheduler::next_to_read() {
  RunningJob* next = nullptr;
  const bool shortest = turn_++ % 2 == 0;
  for (const auto& job : running_) {
    if (job->reading() && (next == nullptr || (shortest && job->unread() < next->unread()))) {
      next = job.get();
    }
  }
  return next;
}

void Scheduler::read_piece() {
  RunningJob* job = next_to_read();
  if (job == nullptr) {
    return;
  }
  const bool scored = job->request().prompt_logprobs;
  const auto paced = static_cast<std::size_t>(read_pace_ * options_.chunk_seconds);
  std::size_t piece = read_pace_ > 0 ? std::clamp(paced, kSmallestPiece, kLargestPiece) : kFirstPiece;
  piece = std::min(piece - piece % kSmallestPiece, scored ? kLargestScoredPiece : kLargestPiece);
  try {
    if (!scored) {
      share_running_prefix(*job);
    }
    logits_.resize(model_->vocabulary());
    const std::size_t before = job->fed();
    const auto began = Clock::now();
    job->read(*model_, piece, logits_);
    learn_pace(job->fed() - before, Clock::now() - began);
  } catch (const std::exception& error) {
    retire(*job, JobFinish::kFailed, error.what());
    return;
  }
  if (job->reading()) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    counts_.prompt_tokens += job->request().prompt.size();
  }
  if (job->request().max_tokens == 0) {
    retire(*job, JobFinish::kLength);
  } else {
    draw_all({job});
  }
}

// Another sequence that has read more of the same beginning (several answers to one prompt, one system
// message) is copied instead of reading it again.
void Scheduler::share_running_prefix(RunningJob& job) {
  const auto prompt = std::span(job.request().prompt);
  const auto readable = prompt.first(prompt.size() - 1);
  RunningJob* best = nullptr;
  std::size_t length = std::max(job.fed(), PrefixStore::kShortest - 1);
  for (const auto& other : running_) {
    const std::size_t shared =
        other.get() == &job ? 0 : shared_prefix(readable, std::span(other->tokens()).first(other->fed()));
    if (shared > length) {
      best = other.get();
      length = shared;
    }
  }
  if (best != nullptr) {
    auto state = best->state().clone();
    state->truncate(length);
    const std::lock_guard lock(mutex_);
    counts_.reused_tokens += length - job.fed();
    job.adopt(std::move(state), length);
  }
}

void Scheduler::learn_pace(std::size_t tokens, Clock::duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  if (tokens < kSmallestPiece || seconds <= 0) {
    return;
  }
  const double pace = static_cast<double>(tokens) / seconds;
  read_pace_ = read_pace_ > 0 ? 0.7 * read_pace_ + 0.3 * pace : pace;
}

void Scheduler::retire(RunningJob& job, JobFinish finish, const std::string& error) {
  const auto found =
      std::find_if(running_.begin(), running_.end(), [&](const auto& own) { return own.get() == &job; });
  const std::unique_ptr<RunningJob> owned = std::move(*found);
  running_.erase(found);
  reserved_ -= owned->reserved();
  owned->end(finish, error);
  if (finish != JobFinish::kFailed) {
    auto [state, tokens] = owned->release();
    kept_.keep({std::move(state), std::move(tokens)});
    while ((kept_.size() > kMostKept || kept_bytes() > cache_budget() - reserved_) && kept_.evict()) {
    }
  }
  const std::lock_guard lock(mutex_);
  counts_.finished += finish == JobFinish::kStop || finish == JobFinish::kLength ? 1 : 0;
  counts_.cancelled += finish == JobFinish::kCancelled ? 1 : 0;
  counts_.failed += finish == JobFinish::kFailed ? 1 : 0;
}

void Scheduler::update_counts() {
  const std::lock_guard lock(mutex_);
  counts_.running = running_.size();
  counts_.kept_sequences = kept_.size();
  counts_.kept_bytes = kept_bytes();
  counts_.reserved_bytes = reserved_;
}

}  // namespace everform::server
