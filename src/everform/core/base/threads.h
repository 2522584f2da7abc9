// How many threads to use, why, and a pool that runs them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace everform {

struct ThreadChoice {
  int threads = 1;
  /// One sentence for the log and `everform env`: "2 of 64 cores: the cgroup quota is 2.0 cores".
  std::string reason;
};

/// The smaller of the CPU affinity and the cgroup (v1 or v2) quota, or `requested` where given (at least 1,
/// at most 1024). Throws Error{kUsage} for a request outside that range.
ThreadChoice choose_threads(std::optional<int> requested = std::nullopt);

/// A fixed set of worker threads; the caller works too, so `threads == 1` starts none.
class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const;
  /// Calls `body(begin, end)` over [0, count) in chunks of `grain`: the chunks do not depend on the number of
  /// threads, so that a body which reduces inside a chunk gives the same result for any number. The first
  /// exception of a body is thrown again here.
  void parallel_for(std::size_t count, std::size_t grain,
                    const std::function<void(std::size_t, std::size_t)>& body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The process's pool, of `choose_threads()` threads until set_default_threads() is called.
ThreadPool& default_pool();
/// Replaces the process's pool. Call before any work runs on it.
void set_default_threads(int threads);

}  // namespace everform
