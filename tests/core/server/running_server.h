// The whole server on a free port of the loopback, with a fake model, for as long as the object lives.
#pragma once

#include <thread>

#include "everform/core/base/log.h"
#include "everform/core/server/api.h"
#include "everform/core/server/http_server.h"
#include "tests/core/server/history_model.h"
#include "tests/core/server/http_client.h"

namespace everform::test {

class RunningServer {
 public:
  explicit RunningServer(server::ApiOptions options = {}, server::HttpLimits limits = {}, bool load = true)
      : model(std::make_shared<HistoryModel>(2000)),
        api(named(std::move(options))),
        http_("127.0.0.1", 0, limits, api) {
    set_quiet(true);
    api.count_connections([this] { return http_.open_connections(); });
    if (load) {
      serve();
    }
    thread_ = std::thread([this] { http_.run(); });
  }
  ~RunningServer() {
    http_.stop(std::chrono::milliseconds(0));
    thread_.join();
    api.close();
  }

  void serve() {
    server::ServedModel served;
    served.model = model;
    served.tokenizer = std::make_shared<ByteTokenizer>();
    served.text_ends = {ByteTokenizer::kEnd};
    served.turn_ends = {ByteTokenizer::kEnd};
    served.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: ";
    served.facts = {{"layers", 1}};
    api.serve(std::move(served));
  }
  std::uint16_t port() const { return http_.port(); }
  server::HttpServer& http() { return http_; }

  Answer get(const std::string& path, const std::string& headers = "Host: localhost\r\n") const {
    Connection connection(port());
    connection.send_request("GET", path, "", headers);
    return connection.read_answer();
  }
  Answer post(const std::string& path, const nlohmann::json& body,
              const std::string& headers = "Host: localhost\r\n") const {
    Connection connection(port());
    connection.send_request("POST", path, body.is_string() ? body.get<std::string>() : body.dump(), headers);
    return connection.read_answer();
  }
  /// The value of a metric without labels.
  double metric(const std::string& name) const {
    const std::string text = get("/metrics").body;
    const std::size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }

  std::shared_ptr<HistoryModel> model;
  server::Api api;

 private:
  static server::ApiOptions named(server::ApiOptions options) {
    options.generation.model_name = "fake";
    return options;
  }

  server::HttpServer http_;
  std::thread thread_;
};

}  // namespace everform::test
