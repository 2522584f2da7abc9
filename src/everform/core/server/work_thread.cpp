#include "everform/core/server/work_thread.h"

#include <utility>

namespace everform::server {

WorkThread::WorkThread(std::size_t limit) : limit_(limit), thread_([this] { run(); }) {}

WorkThread::~WorkThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  news_.notify_one();
  thread_.join();
}

bool WorkThread::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (tasks_.size() >= limit_ || stop_) {
    return false;
  }
  tasks_.push_back(std::move(task));
  news_.notify_one();
  return true;
}

void WorkThread::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    news_.wait(lock, [this] { return stop_ || !tasks_.empty(); });
    if (stop_) {
      return;
    }
    {
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
    }
    lock.lock();
  }
}

}  // namespace everform::server
