// The server's endpoints: who may call them, and what answers.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "everform/core/server/access_rules.h"
#include "everform/core/server/embeddings_worker.h"
#include "everform/core/server/engine_thread.h"
#include "everform/core/server/generation_api.h"
#include "everform/core/server/http_message.h"
#include "everform/core/server/runs_folder.h"
#include "everform/core/server/server_metrics.h"
#include "everform/core/server/work_thread.h"

namespace everform::server {

struct ApiOptions {
  GenerationDefaults generation;
  SchedulerOptions scheduler;
  AccessRules access;
  std::string embedder_name;              ///< "" without one
  std::optional<WorkerCommand> embedder;  ///< what computes embeddings
  std::optional<std::filesystem::path> runs;
  bool has_decoder = true;  ///< false: the server answers embeddings alone
};

class Api : public HttpHandler {
 public:
  /// Throws Error{kMissing} where the folder of runs is absent.
  explicit Api(ApiOptions options);
  ~Api() override;

  /// Any thread: the model is loaded; requests are taken from now on.
  void serve(ServedModel model);
  /// Any thread: no request is taken any more; those that run may go on until `deadline`.
  void drain(std::chrono::steady_clock::time_point deadline);
  /// Ends everything that is under way, and drops its replies.
  void close();
  /// For /metrics.
  void count_connections(std::function<std::size_t()> count) { connections_ = std::move(count); }

  std::optional<HttpResponse> refuse(const HttpRequest& head) override;
  void handle(HttpRequest request, std::shared_ptr<HttpReply> reply) override;
  HttpResponse refusal(int status, const std::string& message) override;

 private:
  /// A loaded model with its engine.
  struct Engine {
    Engine(ServedModel model, const ApiOptions& options)
        : api(std::move(model), options.generation, options.scheduler), thread(api.scheduler()) {}
    GenerationApi api;
    EngineThread thread;
  };
  class LoggedReply;
  struct Route;

  static const std::vector<Route>& routes();
  static const Route* find_route(const HttpRequest& request);
  std::shared_ptr<Engine> engine() const;

  using Reply = const std::shared_ptr<HttpReply>&;
  void health(const HttpRequest& request, Reply reply);
  void metrics(const HttpRequest& request, Reply reply);
  void models(const HttpRequest& request, Reply reply);
  void studio(const HttpRequest& request, Reply reply);
  void list_runs(const HttpRequest& request, Reply reply);
  void show_run(const HttpRequest& request, Reply reply);
  void complete(const HttpRequest& request, Reply reply);
  void chat(const HttpRequest& request, Reply reply);
  void tokenize(const HttpRequest& request, Reply reply);
  void embed(const HttpRequest& request, Reply reply);

  ApiOptions options_;
  AccessControl access_;
  ServerMetrics metrics_;
  std::optional<RunsFolder> runs_;
  std::function<std::size_t()> connections_ = [] { return std::size_t{0}; };
  std::atomic<bool> draining_ = false;
  mutable std::mutex mutex_;
  std::shared_ptr<Engine> engine_;
  std::unique_ptr<EmbeddingsWorker> embedder_;
  std::unique_ptr<WorkThread> preparation_;  ///< reads and encodes requests
};

}  // namespace everform::server
