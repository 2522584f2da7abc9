// One connection: its requests one after the other, their answers, and whether the client is still there.
// Only http_*.cpp include this.
#pragma once

#include <utility>  // before coroutine: Boost 1.74 forgets it

#include <coroutine>

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>

#include "everform/core/server/http_server.h"

namespace everform::server {

/// What the connections of one server share; all of it lives on the I/O thread but `open`.
struct SessionShared {
  HttpLimits limits;
  HttpHandler* handler = nullptr;
  bool closing = false;              ///< answers end their connections
  std::size_t bodies_in_flight = 0;  ///< bytes promised to requests that are being read
  std::size_t answering = 0;         ///< requests that were read and are not answered yet
  std::atomic<std::size_t> open{0};
};

boost::asio::awaitable<void> run_session(boost::asio::ip::tcp::socket socket,
                                         std::shared_ptr<SessionShared> shared);

}  // namespace everform::server
