#include "everform/core/server/server.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"

namespace everform::server {
namespace {

// Time for answers that were ended by the drain to reach their clients.
constexpr std::chrono::milliseconds kLastWrites{1000};

// Loads the model on a thread of its own and gives it to the endpoints.
class Loading {
 public:
  Loading(const ModelLoader& load, Api& api, HttpServer& http)
      : thread_([this, &load, &api, &http] {
          try {
            const auto began = std::chrono::steady_clock::now();
            api.serve(load());
            char line[64];
            std::snprintf(line, sizeof line, "the model is loaded: %.2f s",
                          std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
            log_info(line);
          } catch (...) {
            error_ = std::current_exception();
            http.stop(std::chrono::milliseconds(100));
          }
          ended_ = true;
        }) {}
  ~Loading() {
    if (!ended_) {
      // Nothing can interrupt a reader of weights, and it leaves nothing behind that had to be saved.
      std::fflush(nullptr);
      std::_Exit(0);
    }
    thread_.join();
  }
  Loading(const Loading&) = delete;
  Loading& operator=(const Loading&) = delete;

  void rethrow() const {
    if (ended_ && error_) {
      std::rethrow_exception(error_);
    }
  }

 private:
  std::exception_ptr error_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

std::string url_of(const std::string& host, std::uint16_t port) {
  const bool six = host.find(':') != std::string::npos;
  return "http://" + (six ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

}  // namespace

void run_server(const ServerOptions& options, const ModelLoader& load,
                const std::function<void(const std::string&)>& announce) {
  Api api(options.api);
  HttpServer http(options.host, options.port, options.limits, api);
  if (!http.is_loopback() && options.api.access.keys.empty()) {
    throw Error(ErrorKind::kUsage, "everform serve",
                "--host " + options.host + " is reached by other machines, and no API key is asked for",
                "give --api-key-file FILE, or serve 127.0.0.1");
  }
  api.count_connections([&http] { return http.open_connections(); });
  announce(url_of(options.host, http.port()));
  std::unique_ptr<Loading> loading;
  if (options.api.has_decoder) {
    loading = std::make_unique<Loading>(load, api, http);
  }
  http.run([&] {
    log_info("shutting down");
    api.drain(std::chrono::steady_clock::now() + options.drain);
    http.stop(options.drain + kLastWrites);
  });
  api.close();
  if (loading) {
    loading->rethrow();
  }
}

}  // namespace everform::server
