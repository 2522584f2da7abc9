// The thread that owns a model and runs its scheduler.
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "everform/core/server/scheduler.h"

namespace everform::server {

class EngineThread {
 public:
  explicit EngineThread(Scheduler& scheduler);
  /// Ends what runs at once.
  ~EngineThread();
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

 private:
  void run();

  Scheduler& scheduler_;
  std::thread thread_;
};

}  // namespace everform::server
