#include "everform/core/decoding/kernels/thread_team.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace everform {
namespace {

// Long enough to bridge the gap between two stages of a forward pass, short enough that a waiting thread soon
// leaves its core to whoever needs it.
constexpr std::chrono::microseconds kSpin{30};
constexpr int kPausesPerClockReading = 32;

inline void pause_core() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// True as soon as `ready()` is, false after kSpin.
template <typename Ready>
bool spin_until(const Ready& ready) {
  const auto end = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < kPausesPerClockReading; ++i) {
      if (ready()) {
        return true;
      }
      pause_core();
    }
  } while (std::chrono::steady_clock::now() < end);
  return ready();
}

// The team whose body the present thread runs: a stage started from inside a body runs in place.
thread_local const void* team_of_this_thread = nullptr;

constexpr std::uint64_t kItemBits = 32;
constexpr std::uint64_t kItemMask = (std::uint64_t{1} << kItemBits) - 1;

}  // namespace

// A ticket is the stage's number (high half) and the next free item (low half). A thread takes an item by
// moving the ticket on, which fails if the stage has ended meanwhile. So a thread that the machine held up
// between two stages is never waited for: only one that holds an item is.
struct ThreadTeam::State {
  std::mutex one_caller;
  std::atomic<std::uint64_t> ticket{kItemMask};
  // What the stage of the ticket does. Written only while the ticket is closed: whoever read a newer stage's
  // values than the ticket's cannot move that ticket any more.
  std::atomic<std::uint64_t> items{0};
  std::atomic<Call> call{nullptr};
  std::atomic<const void*> context{nullptr};

  std::atomic<std::uint32_t> finished{0};      // items of the stage that are done
  std::atomic<std::uint32_t> stage_signal{0};  // changes with every stage, and at the end
  std::atomic<bool> stop{false};

  std::atomic<bool> failed{false};
  std::mutex error_lock;
  std::exception_ptr error;

  std::vector<std::thread> workers;

  void open_stage(std::size_t count, Call body, const void* body_context);
  void take_items();
  void run_item(Call body, const void* body_context, std::size_t item);
  void wait_until_finished(std::uint32_t count);
  void work();
};

void ThreadTeam::State::open_stage(std::size_t count, Call body, const void* body_context) {
  const std::uint64_t stage = ticket.load(std::memory_order_relaxed) >> kItemBits;
  ticket.store(((stage + 1) << kItemBits) | kItemMask, std::memory_order_release);
  items.store(count, std::memory_order_release);
  call.store(body, std::memory_order_release);
  context.store(body_context, std::memory_order_release);
  finished.store(0, std::memory_order_relaxed);
  failed.store(false, std::memory_order_relaxed);
  ticket.store((stage + 2) << kItemBits, std::memory_order_release);
  stage_signal.fetch_add(1, std::memory_order_release);
  stage_signal.notify_all();
}

void ThreadTeam::State::run_item(Call body, const void* body_context, std::size_t item) {
  if (failed.load(std::memory_order_relaxed)) {
    return;
  }
  try {
    body(body_context, item);
  } catch (...) {
    const std::lock_guard guard(error_lock);
    if (!error) {
      error = std::current_exception();
    }
    failed.store(true, std::memory_order_relaxed);
  }
}

void ThreadTeam::State::take_items() {
  std::uint64_t seen = ticket.load(std::memory_order_acquire);
  for (;;) {
    const std::uint64_t count = items.load(std::memory_order_acquire);
    const Call body = call.load(std::memory_order_acquire);
    const void* body_context = context.load(std::memory_order_acquire);
    const std::uint64_t item = seen & kItemMask;
    if (item >= count) {
      return;
    }
    if (!ticket.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
      continue;
    }
    ++seen;
    run_item(body, body_context, item);
    if (finished.fetch_add(1, std::memory_order_acq_rel) + 1 == count) {
      finished.notify_all();
    }
  }
}

// Sleeping matters: a thread that holds the last item and lost its core to another program can move to this
// one's.
void ThreadTeam::State::wait_until_finished(std::uint32_t count) {
  const auto all = [&] { return finished.load(std::memory_order_acquire) == count; };
  if (spin_until(all)) {
    return;
  }
  for (std::uint32_t now = finished.load(std::memory_order_acquire); now != count;
       now = finished.load(std::memory_order_acquire)) {
    finished.wait(now, std::memory_order_acquire);
  }
}

void ThreadTeam::State::work() {
  team_of_this_thread = this;
  std::uint32_t last = 0;
  while (!stop.load(std::memory_order_acquire)) {
    const auto changed = [&] { return stage_signal.load(std::memory_order_acquire) != last; };
    if (!spin_until(changed)) {
      stage_signal.wait(last, std::memory_order_acquire);
    }
    last = stage_signal.load(std::memory_order_acquire);
    take_items();
  }
}

ThreadTeam::ThreadTeam(int threads) : state_(std::make_unique<State>()) {
  for (int i = 1; i < threads; ++i) {
    state_->workers.emplace_back([state = state_.get()] { state->work(); });
  }
}

ThreadTeam::~ThreadTeam() {
  state_->stop.store(true, std::memory_order_release);
  state_->stage_signal.fetch_add(1, std::memory_order_acq_rel);
  state_->stage_signal.notify_all();
  for (std::thread& worker : state_->workers) {
    worker.join();
  }
}

int ThreadTeam::threads() const {
  return static_cast<int>(state_->workers.size()) + 1;
}

void ThreadTeam::run_stage(std::size_t items, Call call, const void* context) {
  State& state = *state_;
  if (items <= 1 || items >= kItemMask || state.workers.empty() || team_of_this_thread == &state) {
    for (std::size_t item = 0; item < items; ++item) {
      call(context, item);
    }
    return;
  }
  const std::lock_guard one_caller(state.one_caller);
  const void* const outer_team = std::exchange(team_of_this_thread, &state);
  state.open_stage(items, call, context);
  state.take_items();
  state.wait_until_finished(static_cast<std::uint32_t>(items));
  team_of_this_thread = outer_team;
  if (state.failed.load(std::memory_order_relaxed)) {
    std::rethrow_exception(std::exchange(state.error, nullptr));
  }
}

}  // namespace everform
