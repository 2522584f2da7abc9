#include "everform/core/server/engine_thread.h"

namespace everform::server {

EngineThread::EngineThread(Scheduler& scheduler) : scheduler_(scheduler), thread_([this] { run(); }) {}

EngineThread::~EngineThread() {
  scheduler_.drain(std::chrono::steady_clock::now());
  thread_.join();
}

void EngineThread::run() {
  while (true) {
    if (scheduler_.run_stage()) {
      continue;
    }
    if (scheduler_.drained()) {
      return;
    }
    scheduler_.wait();
  }
}

}  // namespace everform::server
