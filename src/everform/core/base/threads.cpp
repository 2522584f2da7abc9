#include "everform/core/base/threads.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>
#include <vector>

#include "everform/core/base/error.h"

namespace everform {
namespace {

constexpr int kMaxThreads = 1024;

int affinity_count() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    return std::max(1, CPU_COUNT(&set));
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

// The folder of this process in the unified hierarchy ("0::/path" in /proc/self/cgroup).
std::string cgroup_path() {
  std::ifstream file("/proc/self/cgroup");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("0::", 0) == 0) {
      return line.substr(3);
    }
  }
  return "/";
}

// Quota in cores of one cgroup folder, or nothing where it sets none.
std::optional<double> quota_of(const std::string& folder) {
  std::ifstream v2(folder + "/cpu.max");
  std::string quota;
  double period = 0;
  if (v2 >> quota >> period && quota != "max" && period > 0) {
    return std::stod(quota) / period;
  }
  double v1_quota = 0;
  std::ifstream v1(folder + "/cpu.cfs_quota_us");
  std::ifstream v1_period(folder + "/cpu.cfs_period_us");
  if (v1 >> v1_quota && v1_period >> period && v1_quota > 0 && period > 0) {
    return v1_quota / period;
  }
  return std::nullopt;
}

// The smallest quota on the way from this process's cgroup to the root.
std::optional<double> cgroup_quota() {
  std::optional<double> smallest = quota_of("/sys/fs/cgroup/cpu");
  std::string path = cgroup_path();
  for (;;) {
    if (const auto quota = quota_of("/sys/fs/cgroup" + path)) {
      smallest = smallest ? std::min(*smallest, *quota) : *quota;
    }
    const auto slash = path.find_last_of('/');
    if (path.empty() || slash == std::string::npos) {
      return smallest;
    }
    path.resize(slash);
  }
}

}  // namespace

ThreadChoice choose_threads(std::optional<int> requested) {
  if (requested) {
    if (*requested < 1 || *requested > kMaxThreads) {
      throw Error(ErrorKind::kUsage, "choosing threads",
                  "--threads is " + std::to_string(*requested) + ", it must lie in 1.." +
                      std::to_string(kMaxThreads));
    }
    return {*requested, std::to_string(*requested) + " threads: --threads says so"};
  }
  const int cores = affinity_count();
  const auto quota = cgroup_quota();
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  std::ostringstream reason;
  if (quota && *quota < cores) {
    const int threads = std::max(1, static_cast<int>(std::floor(*quota)));
    reason << threads << " of " << online << " cores: the cgroup quota is " << *quota << " cores";
    return {threads, reason.str()};
  }
  reason << cores << " of " << online << " cores: the process may run on " << cores;
  return {cores, reason.str()};
}

struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  std::mutex submit;  // one parallel_for at a time
  std::vector<std::thread> workers;
  const std::function<void(std::size_t, std::size_t)>* body = nullptr;
  std::size_t count = 0;
  std::size_t grain = 1;
  std::atomic<std::size_t> next{0};
  std::size_t generation = 0;
  std::size_t running = 0;
  bool stopping = false;
  std::exception_ptr failure;

  void work() {
    for (;;) {
      const std::size_t begin = next.fetch_add(grain);
      if (begin >= count) {
        return;
      }
      try {
        (*body)(begin, std::min(begin + grain, count));
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) {
          failure = std::current_exception();
        }
        next.store(count);
      }
    }
  }

  void loop() {
    std::size_t seen = 0;
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return stopping || generation != seen; });
      if (stopping) {
        return;
      }
      seen = generation;
      lock.unlock();
      work();
      lock.lock();
      if (--running == 0) {
        done.notify_one();
      }
    }
  }
};

namespace {
thread_local bool inside_parallel_for = false;
}

ThreadPool::ThreadPool(int threads) : state_(std::make_unique<State>()) {
  for (int i = 1; i < threads; ++i) {
    state_->workers.emplace_back([this] {
      inside_parallel_for = true;
      state_->loop();
    });
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
  }
  state_->wake.notify_all();
  for (std::thread& worker : state_->workers) {
    worker.join();
  }
}

int ThreadPool::threads() const {
  return static_cast<int>(state_->workers.size()) + 1;
}

void ThreadPool::parallel_for(std::size_t count, std::size_t grain,
                              const std::function<void(std::size_t, std::size_t)>& body) {
  grain = std::max<std::size_t>(grain, 1);
  // A nested call runs in its caller's thread, in the same chunks.
  if (state_->workers.empty() || count <= grain || inside_parallel_for) {
    for (std::size_t begin = 0; begin < count; begin += grain) {
      body(begin, std::min(begin + grain, count));
    }
    return;
  }
  State& s = *state_;
  const std::lock_guard submit(s.submit);
  {
    const std::lock_guard lock(s.mutex);
    s.body = &body;
    s.count = count;
    s.grain = grain;
    s.next.store(0);
    s.failure = nullptr;
    s.running = s.workers.size();
    ++s.generation;
  }
  s.wake.notify_all();
  inside_parallel_for = true;
  s.work();
  inside_parallel_for = false;
  std::unique_lock lock(s.mutex);
  s.done.wait(lock, [&] { return s.running == 0; });
  if (s.failure) {
    std::rethrow_exception(s.failure);
  }
}

namespace {

std::unique_ptr<ThreadPool>& pool_slot() {
  static std::unique_ptr<ThreadPool> pool;
  return pool;
}

}  // namespace

ThreadPool& default_pool() {
  auto& pool = pool_slot();
  if (!pool) {
    pool = std::make_unique<ThreadPool>(choose_threads().threads);
  }
  return *pool;
}

void set_default_threads(int threads) {
  pool_slot() = std::make_unique<ThreadPool>(threads);
}

}  // namespace everform
