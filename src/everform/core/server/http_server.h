// An HTTP/1.1 server: one thread that reads requests and writes answers for thousands of connections.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "everform/core/server/http_message.h"

namespace everform::server {

struct HttpLimits {
  std::size_t connections = 16384;  ///< fewer where the process may not open as many files
  std::size_t header_bytes = std::size_t{16} << 10;
  std::size_t body_bytes = std::size_t{8} << 20;
  /// Of all requests that are being read at once; more are refused with 503.
  std::size_t body_bytes_in_flight = std::size_t{256} << 20;
  /// Of one answer, written and not yet taken by the client.
  std::size_t queued_bytes = std::size_t{1} << 20;
  /// Of one answer, in the system's send buffer; left alone that grows to several MB for each slow client.
  std::size_t socket_bytes = std::size_t{256} << 10;
  std::chrono::milliseconds idle_timeout{75'000};    ///< between two requests of a connection
  std::chrono::milliseconds header_timeout{15'000};  ///< from a request's first byte to the end of its head
  std::chrono::milliseconds body_timeout{60'000};
  std::chrono::milliseconds write_timeout{30'000};  ///< in which a client must take something of its answer
};

/// Raises the process's limit of open files as far as it may go. @return the limit
std::size_t raise_file_limit();

/// Answers in progress must be dropped before the server is destroyed.
class HttpServer {
 public:
  /// Binds and listens at once; `port` 0 takes a free one. Throws Error{kUsage} for an address that is none,
  /// Error{kFailed} where the port is taken.
  HttpServer(const std::string& host, std::uint16_t port, HttpLimits limits, HttpHandler& handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::uint16_t port() const;
  /// Whether the address is reached from this machine alone.
  bool is_loopback() const;
  std::size_t open_connections() const;

  /// Serves on the calling thread until stop(). @param on_signal called on it for each SIGTERM or SIGINT
  void run(std::function<void()> on_signal = {});

  /// Any thread: no new connection is taken, and every open one closes when its answer has been written.
  void close_door();
  /// Any thread: runs `task` on the I/O thread after `delay`, if it still runs then.
  void call_later(std::chrono::milliseconds delay, std::function<void()> task);
  /// Any thread: the door closes, and run() returns once no request is being answered, or after `patience`.
  void stop(std::chrono::milliseconds patience);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace everform::server
