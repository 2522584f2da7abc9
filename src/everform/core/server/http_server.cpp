#include "everform/core/server/http_server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <limits>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/core/server/http_session.h"

namespace everform::server {
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

// Files that the process opens beside its connections.
constexpr std::size_t kOtherFiles = 64;

tcp::endpoint endpoint_of(const std::string& host, std::uint16_t port) {
  boost::system::error_code code;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, code);
  if (code) {
    throw Error(ErrorKind::kUsage, "reading --host", "\"" + printable(host) + "\" is no IP address",
                "127.0.0.1 for this machine alone, 0.0.0.0 for all");
  }
  return {address, port};
}

}  // namespace

std::size_t raise_file_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 1024;
  }
  constexpr rlim_t kEnough = 1 << 20;
  limit.rlim_cur = std::min(limit.rlim_max, kEnough);
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(limit.rlim_cur);
}

struct HttpServer::State {
  State(const std::string& host, std::uint16_t port, HttpLimits limits, HttpHandler& handler)
      : acceptor(context), signals(context), shared(std::make_shared<SessionShared>()) {
    const std::size_t files = raise_file_limit();
    limits.connections =
        std::min(limits.connections, files > 2 * kOtherFiles ? files - kOtherFiles : kOtherFiles);
    shared->limits = limits;
    shared->handler = &handler;
    const tcp::endpoint endpoint = endpoint_of(host, port);
    try {
      acceptor.open(endpoint.protocol());
      acceptor.set_option(tcp::acceptor::reuse_address(true));
      // Accepted sockets inherit it.
      acceptor.set_option(asio::socket_base::send_buffer_size(static_cast<int>(limits.socket_bytes)));
      acceptor.bind(endpoint);
      acceptor.listen(4096);
    } catch (const boost::system::system_error& error) {
      throw Error(ErrorKind::kFailed, "listening on " + host + ":" + std::to_string(port),
                  error.code().message(), "choose another --port, or 0 for a free one");
    }
    bound = acceptor.local_endpoint();
  }

  asio::awaitable<void> accept_all() {
    boost::system::error_code code;
    while (acceptor.is_open()) {
      if (shared->open >= shared->limits.connections) {
        co_await pause();  // the system's own queue holds the next ones
        continue;
      }
      tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, code));
      if (!code) {
        asio::co_spawn(context, run_session(std::move(socket), shared), asio::detached);
      } else if (code == asio::error::no_descriptors || code == asio::error::no_memory) {
        co_await pause();
      }
    }
  }

  asio::awaitable<void> pause() {
    boost::system::error_code code;
    asio::steady_timer timer(context, std::chrono::milliseconds(50));
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, code));
  }

  void wait_for_signal() {
    signals.async_wait([this](const boost::system::error_code& code, int) {
      if (!code) {
        on_signal();
        wait_for_signal();
      }
    });
  }

  void shut_door() {
    boost::system::error_code code;
    shared->closing = true;
    acceptor.close(code);
  }

  asio::awaitable<void> leave(std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (shared->answering > 0 && std::chrono::steady_clock::now() < end) {
      co_await pause();
    }
    context.stop();
  }

  asio::io_context context{1};
  tcp::acceptor acceptor;
  asio::signal_set signals;
  tcp::endpoint bound;
  std::shared_ptr<SessionShared> shared;
  std::function<void()> on_signal;
};

HttpServer::HttpServer(const std::string& host, std::uint16_t port, HttpLimits limits, HttpHandler& handler)
    : state_(std::make_unique<State>(host, port, limits, handler)) {}

HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::port() const {
  return state_->bound.port();
}
bool HttpServer::is_loopback() const {
  return state_->bound.address().is_loopback();
}
std::size_t HttpServer::open_connections() const {
  return state_->shared->open;
}

void HttpServer::run(std::function<void()> on_signal) {
  if (on_signal) {
    state_->on_signal = std::move(on_signal);
    state_->signals.add(SIGTERM);
    state_->signals.add(SIGINT);
    state_->wait_for_signal();
  }
  asio::co_spawn(state_->context, state_->accept_all(), asio::detached);
  const auto work = asio::make_work_guard(state_->context);
  while (!state_->context.stopped()) {
    try {
      state_->context.run();
    } catch (const std::exception& error) {
      log_warning(std::string("serving: ") + error.what());
    }
  }
}

void HttpServer::close_door() {
  asio::post(state_->context, [state = state_.get()] { state->shut_door(); });
}

void HttpServer::call_later(std::chrono::milliseconds delay, std::function<void()> task) {
  asio::post(state_->context, [state = state_.get(), delay, task = std::move(task)]() mutable {
    auto timer = std::make_shared<asio::steady_timer>(state->context, delay);
    timer->async_wait([timer, task = std::move(task)](const boost::system::error_code& code) {
      if (!code) {
        task();
      }
    });
  });
}

void HttpServer::stop(std::chrono::milliseconds patience) {
  asio::post(state_->context, [state = state_.get(), patience] {
    state->shut_door();
    asio::co_spawn(state->context, state->leave(patience), asio::detached);
  });
}

}  // namespace everform::server
