#include "everform/core/server/api.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "everform/core/base/log.h"
#include "everform/core/io/json_text.h"
#include "everform/core/server/studio.h"
#include "everform/core/server/url_text.h"

namespace everform::server {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostInPreparation = 16384;

HttpResponse json_response(const Json& json) {
  return {.body = json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

ApiError not_ready() {
  return ApiError(503, "the model is loading", "", "model_loading").retry_after(1);
}

}  // namespace

struct Api::Route {
  const char* method;
  std::string_view path;
  void (Api::*answer)(const HttpRequest&, Reply);
  enum class Needs { kNothing, kModel, kEmbedder } needs = Needs::kNothing;
  bool needs_key = true;
  bool prepared = false;  ///< answered on the preparation thread, not on the I/O thread
};

const std::vector<Api::Route>& Api::routes() {
  using Needs = Route::Needs;
  static const std::vector<Route> all = {
      {"GET", "/health", &Api::health, Needs::kNothing, false},
      {"GET", "/metrics", &Api::metrics},
      {"GET", "/v1/models", &Api::models},
      {"POST", "/v1/completions", &Api::complete, Needs::kModel, true, true},
      {"POST", "/v1/chat/completions", &Api::chat, Needs::kModel, true, true},
      {"POST", "/v1/embeddings", &Api::embed, Needs::kEmbedder, true, true},
      {"POST", "/tokenize", &Api::tokenize, Needs::kModel, true, true},
      {"GET", "/studio/runs", &Api::list_runs, Needs::kNothing, true, true},
      {"GET", "/studio/run", &Api::show_run, Needs::kNothing, true, true},
      {"GET", "/", &Api::studio, Needs::kNothing, false},
      {"GET", "/studio/studio.css", &Api::studio, Needs::kNothing, false},
      {"GET", "/studio/studio.js", &Api::studio, Needs::kNothing, false},
      {"GET", "/studio/curves.js", &Api::studio, Needs::kNothing, false},
  };
  return all;
}

const Api::Route* Api::find_route(const HttpRequest& request) {
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  const std::string_view path =
      request.path.starts_with("/v1/models/") ? std::string_view("/v1/models") : request.path;
  const auto found = std::find_if(routes().begin(), routes().end(), [&](const Route& route) {
    return route.path == path && method == route.method;
  });
  return found == routes().end() ? nullptr : &*found;
}

// Passes an answer on, and writes the request's line in the log and the metrics.
class Api::LoggedReply : public HttpReply {
 public:
  LoggedReply(Api& api, const HttpRequest& request, std::shared_ptr<HttpReply> inner)
      : api_(api),
        inner_(std::move(inner)),
        route_(find_route(request)->path),
        line_(request.client + " " + request.method + " " + printable(request.path, 100)) {
    const auto origin = request.header("Origin");
    if (origin && api.access_.is_foreign_origin_allowed(*origin)) {
      headers_ = {{"Access-Control-Allow-Origin", std::string(*origin)}, {"Vary", "Origin"}};
    }
  }
  ~LoggedReply() override {
    const double seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    api_.metrics_.count_request(route_, status_);
    char figures[64];
    std::snprintf(figures, sizeof figures, " %d %.3f s", status_.load(), seconds);
    log_info(line_ + figures);
  }

  void send(HttpResponse response) override {
    set_head(response);
    inner_->send(std::move(response));
  }
  void begin_stream(HttpResponse head) override {
    set_head(head);
    inner_->begin_stream(std::move(head));
  }
  void write(std::string piece) override { inner_->write(std::move(piece)); }
  void end_stream() override { inner_->end_stream(); }
  void on_gone(std::function<void()> gone) override { inner_->on_gone(std::move(gone)); }

 private:
  void set_head(HttpResponse& response) {
    status_ = response.status;
    response.headers.insert(response.headers.end(), headers_.begin(), headers_.end());
  }

  Api& api_;
  std::shared_ptr<HttpReply> inner_;
  std::string route_;
  std::string line_;
  std::vector<Header> headers_;
  std::atomic<int> status_ = 499;  ///< the client went before there was an answer
  Clock::time_point began_ = Clock::now();
};

Api::Api(ApiOptions options)
    : options_(std::move(options)),
      access_(options_.access),
      preparation_(std::make_unique<WorkThread>(kMostInPreparation)) {
  if (options_.runs) {
    runs_.emplace(*options_.runs);
  }
  if (options_.embedder) {
    embedder_ = std::make_unique<EmbeddingsWorker>(*options_.embedder);
  }
}

Api::~Api() {
  close();
}

void Api::serve(ServedModel model) {
  auto loaded = std::make_shared<Engine>(std::move(model), options_);
  const std::lock_guard lock(mutex_);
  if (!draining_) {
    engine_ = std::move(loaded);
  }
}

std::shared_ptr<Api::Engine> Api::engine() const {
  const std::lock_guard lock(mutex_);
  return engine_;
}

void Api::drain(Clock::time_point deadline) {
  draining_ = true;
  if (const auto running = engine()) {
    running->api.scheduler().drain(deadline);
  }
}

void Api::close() {
  draining_ = true;
  preparation_.reset();
  embedder_.reset();
  const std::lock_guard lock(mutex_);
  engine_.reset();
}

std::optional<HttpResponse> Api::refuse(const HttpRequest& head) {
  const Route* route = find_route(head);
  const auto refused = [&](const ApiError& error) {
    metrics_.count_request(route == nullptr ? "other" : std::string(route->path), error.status());
    log_info(head.client + " " + printable(head.method, 16) + " " + printable(head.path, 100) + " " +
             std::to_string(error.status()));
    return error.response();
  };
  const bool preflight = head.method == "OPTIONS" && head.header("Access-Control-Request-Method");
  if (const auto error = access_.refuse(head, !preflight && (route == nullptr || route->needs_key))) {
    return refused(*error);
  }
  if (preflight) {
    return HttpResponse{
        .status = 204,
        .content_type = "",
        .headers = {{"Access-Control-Allow-Origin", std::string(head.header("Origin").value_or(""))},
                    {"Access-Control-Allow-Methods", "GET, POST"},
                    {"Access-Control-Allow-Headers", "Authorization, Content-Type"},
                    {"Access-Control-Max-Age", "600"},
                    {"Vary", "Origin"}}};
  }
  if (route == nullptr) {
    const bool known = std::any_of(routes().begin(), routes().end(),
                                   [&](const Route& other) { return other.path == head.path; });
    return refused(known ? ApiError(405, "this path does not take " + printable(head.method, 16))
                         : ApiError(404, "there is no " + printable(head.path, 100)));
  }
  if (draining_ && route->path != "/health") {
    return refused(ApiError(503, "the server is shutting down").retry_after(5));
  }
  if (route->needs == Route::Needs::kModel && !options_.has_decoder) {
    return refused(ApiError(400, "this server has an encoder only: it answers /v1/embeddings", "model"));
  }
  if (route->needs == Route::Needs::kModel && !engine()) {
    return refused(not_ready());
  }
  if (route->needs == Route::Needs::kEmbedder && !embedder_) {
    return refused(ApiError(400, "this server has no encoder; start it with --embedder", "model"));
  }
  return std::nullopt;
}

HttpResponse Api::refusal(int status, const std::string& message) {
  return ApiError(status, message).response();
}

void Api::handle(HttpRequest request, std::shared_ptr<HttpReply> reply) {
  const Route* route = find_route(request);
  std::shared_ptr<HttpReply> logged = std::make_shared<LoggedReply>(*this, request, std::move(reply));
  const auto answer = [this, route](const HttpRequest& asked, Reply to) {
    try {
      (this->*route->answer)(asked, to);
    } catch (const ApiError& error) {
      to->send(error.response());
    } catch (const Error& error) {
      to->send(as_api_error(error).response());
    } catch (const std::exception& error) {
      to->send(ApiError(500, error.what()).response());
    }
  };
  if (!route->prepared) {
    answer(request, logged);
    return;
  }
  const bool taken =
      preparation_->post([answer, request = std::move(request), logged] { answer(request, logged); });
  if (!taken) {
    logged->send(
        ApiError(429, "too many requests are waiting", "", "rate_limit_exceeded").retry_after(1).response());
  }
}

void Api::health(const HttpRequest& /*request*/, Reply reply) {
  const bool ready = !options_.has_decoder || engine() != nullptr;
  const char* status = draining_ ? "draining" : ready ? "ok" : "loading";
  reply->send(json_response({{"status", status}, {"model", options_.generation.model_name}}));
}

void Api::metrics(const HttpRequest& /*request*/, Reply reply) {
  std::optional<SchedulerCounts> counts;
  if (const auto running = engine()) {
    counts = running->api.scheduler().counts();
  }
  reply->send({.content_type = "text/plain; version=0.0.4; charset=utf-8",
               .body = metrics_.text(counts ? &*counts : nullptr, connections_())});
}

void Api::models(const HttpRequest& request, Reply reply) {
  Json list = Json::array();
  const auto add = [&](const std::string& name, const char* kind) {
    list.push_back(
        {{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "everform"}, {"kind", kind}});
  };
  if (options_.has_decoder) {
    add(options_.generation.model_name, "decoder");
    if (const auto running = engine()) {
      list.back()["facts"] = running->api.model().facts;
    }
  }
  if (embedder_) {
    add(options_.embedder_name, "encoder");
  }
  const std::string_view prefix = "/v1/models/";
  if (!request.path.starts_with(prefix)) {
    reply->send(json_response({{"object", "list"}, {"data", std::move(list)}}));
    return;
  }
  const std::string name = request.path.substr(prefix.size());
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Json& one) { return one["id"] == name; });
  if (found == list.end()) {
    throw ApiError(404, "there is no model \"" + printable(name) + "\"", "model", "model_not_found");
  }
  reply->send(json_response(*found));
}

void Api::studio(const HttpRequest& request, Reply reply) {
  reply->send(*studio_file(request.path));
}

void Api::list_runs(const HttpRequest& /*request*/, Reply reply) {
  reply->send(json_response({{"runs", runs_ ? runs_->list() : Json::array()}, {"shown", runs_.has_value()}}));
}

void Api::show_run(const HttpRequest& request, Reply reply) {
  const auto name = query_value(request.query, "name");
  const auto run = runs_ && name ? runs_->run(*name) : std::nullopt;
  if (!run) {
    throw ApiError(404, "there is no such run", "name");
  }
  reply->send(json_response(*run));
}

void Api::complete(const HttpRequest& request, Reply reply) {
  const auto running = engine();
  running->api.complete(request.body, access_.client_of(request), reply,
                        [this](const CallReport& report) { metrics_.count_call(report); });
}

void Api::chat(const HttpRequest& request, Reply reply) {
  const auto running = engine();
  running->api.chat(request.body, access_.client_of(request), reply,
                    [this](const CallReport& report) { metrics_.count_call(report); });
}

void Api::tokenize(const HttpRequest& request, Reply reply) {
  reply->send(engine()->api.tokenize(request.body));
}

void Api::embed(const HttpRequest& request, Reply reply) {
  const EmbeddingsRequest asked = read_embeddings_request(request.body);
  if (!asked.model.empty() && asked.model != options_.embedder_name) {
    throw ApiError(404, "there is no encoder \"" + printable(asked.model) + "\"", "model", "model_not_found");
  }
  const bool taken = embedder_->embed(
      asked.inputs, {.on_vectors =
                         [reply, name = options_.embedder_name, base64 = asked.base64](const auto& vectors) {
                           reply->send(json_response(embeddings_answer(name, vectors, base64)));
                         },
                     .on_error =
                         [reply](int status, const std::string& message) {
                           reply->send(ApiError(status, message).response());
                         }});
  if (!taken) {
    throw ApiError(429, "too many requests are waiting", "", "rate_limit_exceeded").retry_after(1);
  }
}

}  // namespace everform::server
