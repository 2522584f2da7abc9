// Figures of a running server in Prometheus' text format.
#pragma once

#include <memory>
#include <string>

#include "everform/core/server/generation_call.h"
#include "everform/core/server/scheduler.h"

namespace everform::server {

class ServerMetrics {
 public:
  ServerMetrics();
  ~ServerMetrics();
  ServerMetrics(const ServerMetrics&) = delete;
  ServerMetrics& operator=(const ServerMetrics&) = delete;

  /// Any thread. @param route the pattern, never what a client wrote
  void count_request(const std::string& route, int status);
  void count_call(const CallReport& report);
  /// The exposition. @param scheduler nullptr while the model loads
  std::string text(const SchedulerCounts* scheduler, std::size_t connections);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace everform::server
