// The queue between whoever answers a request and the connection that writes the answer. Only http_*.cpp
// include this.
#pragma once

#include <utility>  // before coroutine: Boost 1.74 forgets it

#include <coroutine>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "everform/core/server/http_message.h"

namespace everform::server {

/// The connection's side of one answer; lives on the I/O thread.
class ReplyQueue : public std::enable_shared_from_this<ReplyQueue> {
 public:
  ReplyQueue(boost::asio::ip::tcp::socket::executor_type executor, std::size_t limit);

  /// Waits until the head is there. Nothing: the client went first.
  boost::asio::awaitable<const HttpResponse*> head();
  bool is_stream() const { return stream_; }
  /// Waits for pieces of the stream and takes all that are there; empty at its end, and where the client
  /// went.
  boost::asio::awaitable<std::string> pieces();
  /// The stream's writer gave up before its end.
  bool broken() const { return broken_; }
  bool gone() const { return gone_; }

  void put_head(HttpResponse head, bool stream);
  void put_piece(std::string piece);
  void put_end();
  /// The writer's last reference is dropped.
  void abandon(HttpResponse otherwise);
  void set_gone_callback(std::function<void()> gone);
  /// The client has gone, or takes nothing any more.
  void lose_client();

 private:
  void wake();
  boost::asio::awaitable<void> wait();

  boost::asio::steady_timer signal_;
  std::size_t limit_;
  std::optional<HttpResponse> head_;
  std::deque<std::string> pieces_;
  std::size_t queued_ = 0;
  bool stream_ = false;
  bool ended_ = false;
  bool broken_ = false;
  bool gone_ = false;
  std::function<void()> gone_callback_;
};

/// The other side, for any thread.
std::shared_ptr<HttpReply> make_reply(std::shared_ptr<ReplyQueue> queue,
                                      boost::asio::ip::tcp::socket::executor_type executor,
                                      HttpResponse otherwise);

}  // namespace everform::server
