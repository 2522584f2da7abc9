// One thread that does small pieces of work in the order they come.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace everform::server {

class WorkThread {
 public:
  /// @param limit tasks that may wait
  explicit WorkThread(std::size_t limit);
  /// Drops what has not begun.
  ~WorkThread();
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  /// False where too many wait. The task must not throw.
  bool post(std::function<void()> task);

 private:
  void run();

  std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::function<void()>> tasks_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace everform::server
