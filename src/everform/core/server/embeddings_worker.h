// Texts to vectors by a worker process: what happens to it happens to one request, never to the server.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "everform/core/server/work_thread.h"

namespace everform::server {

struct WorkerCommand {
  std::string program;
  std::vector<std::string> arguments;
};

/// Speaks with `program` over its standard input and output, a JSON text a line: it is sent a list of texts,
/// and answers {"embeddings":[[...]]} or {"error":{"message"}}. It is started for the first request, and
/// again after it has died, been killed or fallen silent for longer than `patience`.
class EmbeddingsWorker {
 public:
  /// Exactly one of the two is called, on the worker's thread.
  struct Listener {
    std::function<void(std::vector<std::vector<float>>)> on_vectors;
    std::function<void(int status, const std::string& message)> on_error;
  };

  explicit EmbeddingsWorker(WorkerCommand command,
                            std::chrono::milliseconds patience = std::chrono::seconds(120));
  ~EmbeddingsWorker();
  EmbeddingsWorker(const EmbeddingsWorker&) = delete;
  EmbeddingsWorker& operator=(const EmbeddingsWorker&) = delete;

  /// Any thread. False where too many wait.
  bool embed(std::vector<std::string> texts, Listener listener);

 private:
  void start();
  void stop();
  bool send_line(const std::string& line);
  /// "" where none came in time.
  std::string read_line();
  void answer(const std::vector<std::string>& texts, const Listener& listener);

  WorkerCommand command_;
  std::chrono::milliseconds patience_;
  std::atomic<pid_t> process_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string read_;  ///< bytes behind the last line
  std::unique_ptr<WorkThread> thread_;
};

}  // namespace everform::server
