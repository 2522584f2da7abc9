#include "everform/core/server/http_session.h"

#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "everform/core/server/http_reply.h"
#include "everform/core/server/url_text.h"

namespace everform::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using Parser = http::request_parser<http::string_body>;

constexpr const char* kServerName = "everform";

std::string text_of(beast::string_view view) {
  return std::string(view.data(), view.size());
}

// Bytes that a request's body may take while it is read, given back at the end.
class BodyShare {
 public:
  explicit BodyShare(SessionShared& shared) : shared_(shared) {}
  ~BodyShare() { shared_.bodies_in_flight -= bytes_; }
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;

  bool take(std::size_t bytes) {
    if (bytes > shared_.limits.body_bytes_in_flight - shared_.bodies_in_flight) {
      return false;
    }
    bytes_ = bytes;
    shared_.bodies_in_flight += bytes;
    return true;
  }
  /// Gives back what was not needed.
  void shrink(std::size_t bytes) {
    shared_.bodies_in_flight -= bytes_ - std::min(bytes, bytes_);
    bytes_ = std::min(bytes, bytes_);
  }

 private:
  SessionShared& shared_;
  std::size_t bytes_ = 0;
};

// A request between the end of its head and the end of its answer.
class Answering {
 public:
  explicit Answering(SessionShared& shared) : shared_(shared) { ++shared_.answering; }
  ~Answering() { --shared_.answering; }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;

 private:
  SessionShared& shared_;
};

class Session {
 public:
  Session(tcp::socket socket, std::shared_ptr<SessionShared> shared)
      : stream_(std::move(socket)), shared_(std::move(shared)) {}

  asio::awaitable<void> run() {
    boost::system::error_code code;
    stream_.socket().set_option(tcp::no_delay(true), code);
    client_ = address(stream_.socket().remote_endpoint(code));
    local_ = address(stream_.socket().local_endpoint(code));
    while (co_await serve_one()) {
    }
    stream_.socket().shutdown(tcp::socket::shutdown_send, code);
  }

 private:
  static std::string address(const tcp::endpoint& endpoint) {
    const auto ip = endpoint.address();
    if (ip.is_v6() && ip.to_v6().is_v4_mapped()) {
      return asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6()).to_string();
    }
    return ip.to_string();
  }

  // One request and its answer. False: the connection ends.
  asio::awaitable<bool> serve_one() {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(shared_->limits.header_bytes));
    parser.body_limit(shared_->limits.body_bytes);
    const boost::system::error_code head_error = co_await read_head(parser);
    if (head_error) {
      co_return co_await refuse_head(head_error);
    }
    const Answering answering(*shared_);
    std::optional<HttpRequest> request = take_head(parser.get());
    keep_alive_ = parser.get().keep_alive() && !shared_->closing;
    version_ = parser.get().version();
    head_only_ = parser.get().method() == http::verb::head;
    if (!request) {
      co_return co_await refuse(400, "the request's target is no path", false);
    }
    if (auto response = shared_->handler->refuse(*request)) {
      co_return co_await write_last(std::move(*response));
    }
    BodyShare share(*shared_);
    if (!parser.is_done()) {
      const auto promised = parser.content_length();
      if (promised && *promised > shared_->limits.body_bytes) {
        co_return co_await refuse_large();
      }
      if (!share.take(promised ? static_cast<std::size_t>(*promised) : shared_->limits.body_bytes)) {
        co_return co_await refuse(503, "too many large requests are being read", true);
      }
      if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
        const bool sent = co_await send_continue();
        if (!sent) {
          co_return false;
        }
      }
      const boost::system::error_code body_error = co_await read_body(parser);
      if (body_error == http::error::body_limit) {
        co_return co_await refuse_large();
      }
      if (body_error == beast::error::timeout) {
        co_return false;  // which has closed the socket
      }
      if (body_error) {
        co_return co_await refuse(400, "the request's body is no HTTP: " + body_error.message(), false);
      }
    }
    request->body = std::move(parser.get().body());
    share.shrink(request->body.size());
    co_return co_await answer(std::move(*request));
  }

  // The first byte may take long to come, the others not.
  asio::awaitable<boost::system::error_code> read_head(Parser& parser) {
    boost::system::error_code code;
    if (buffer_.size() == 0) {
      stream_.expires_after(shared_->limits.idle_timeout);
      const std::size_t count = co_await stream_.async_read_some(
          buffer_.prepare(4096), asio::redirect_error(asio::use_awaitable, code));
      buffer_.commit(count);
      if (code) {
        co_return code == beast::error::timeout ? make_error_code(http::error::end_of_stream) : code;
      }
    }
    stream_.expires_after(shared_->limits.header_timeout);
    co_await http::async_read_header(stream_, buffer_, parser,
                                     asio::redirect_error(asio::use_awaitable, code));
    co_return code;
  }

  asio::awaitable<boost::system::error_code> read_body(Parser& parser) {
    boost::system::error_code code;
    stream_.expires_after(shared_->limits.body_timeout);
    co_await http::async_read(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, code));
    co_return code;
  }

  asio::awaitable<bool> send_continue() {
    boost::system::error_code code;
    http::response<http::empty_body> response(http::status::continue_, 11);
    stream_.expires_after(shared_->limits.write_timeout);
    co_await http::async_write(stream_, response, asio::redirect_error(asio::use_awaitable, code));
    co_return !code;
  }

  std::optional<HttpRequest> take_head(const http::request<http::string_body>& head) const {
    auto target = parse_target(text_of(head.target()));
    if (!target) {
      return std::nullopt;
    }
    HttpRequest request;
    request.method = text_of(head.method_string());
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    for (const auto& field : head) {
      request.headers.emplace_back(text_of(field.name_string()), text_of(field.value()));
    }
    request.client = client_;
    request.local = local_;
    return request;
  }

  asio::awaitable<bool> refuse_head(boost::system::error_code code) {
    if (code == http::error::end_of_stream || code == asio::error::eof ||
        code == asio::error::connection_reset || code == asio::error::operation_aborted ||
        code == beast::error::timeout) {
      co_return false;
    }
    if (code == http::error::header_limit) {
      co_return co_await refuse(
          431, "the request's head is larger than " + std::to_string(shared_->limits.header_bytes) + " bytes",
          false);
    }
    if (code == http::error::body_limit) {
      co_return co_await refuse_large();
    }
    co_return co_await refuse(400, "this is no HTTP request: " + code.message(), false);
  }

  asio::awaitable<bool> refuse_large() {
    co_return co_await refuse(
        413, "the request's body is larger than " + std::to_string(shared_->limits.body_bytes) + " bytes",
        false);
  }

  asio::awaitable<bool> refuse(int status, std::string message, bool retry) {
    HttpResponse response = shared_->handler->refusal(status, message);
    if (retry) {
      response.headers.emplace_back("Retry-After", "1");
    }
    co_return co_await write_last(std::move(response));
  }

  // An answer to a request whose body was not read: the connection cannot go on after it. What the client is
  // still sending is read for a moment, or closing would reset the connection before it has read the answer.
  asio::awaitable<bool> write_last(HttpResponse response) {
    keep_alive_ = false;
    if (!co_await write_whole(response)) {
      co_return false;
    }
    boost::system::error_code code;
    stream_.socket().shutdown(tcp::socket::shutdown_send, code);
    std::size_t drained = 0;
    stream_.expires_after(std::chrono::seconds(2));
    char scratch[16384];
    while (!code && drained < 2 * shared_->limits.body_bytes) {
      drained += co_await stream_.async_read_some(asio::buffer(scratch),
                                                  asio::redirect_error(asio::use_awaitable, code));
    }
    co_return false;
  }

  asio::awaitable<bool> answer(HttpRequest request) {
    const auto queue = std::make_shared<ReplyQueue>(stream_.get_executor(), shared_->limits.queued_bytes);
    watching_ = std::make_shared<bool>(true);
    asio::co_spawn(stream_.get_executor(), watch(stream_.socket(), queue, watching_), asio::detached);
    shared_->handler->handle(std::move(request),
                             make_reply(queue, stream_.get_executor(),
                                        shared_->handler->refusal(500, "the request was not answered")));
    const HttpResponse* head = co_await queue->head();
    bool good = false;
    if (head != nullptr && queue->is_stream()) {
      good = co_await write_stream(*head, *queue);
    } else if (head != nullptr) {
      good = co_await write_whole(*head);
    }
    queue->lose_client();
    boost::system::error_code code;
    if (*watching_) {
      stream_.socket().cancel(code);  // nothing else is under way
    }
    co_return good&& keep_alive_ && !shared_->closing;
  }

  // A client that closes its side while it waits has gone; bytes that arrive are its next request.
  static asio::awaitable<void> watch(tcp::socket& socket, std::shared_ptr<ReplyQueue> queue,
                                     std::shared_ptr<bool> watching) {
    boost::system::error_code code;
    co_await socket.async_wait(tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, code));
    *watching = false;
    if (code) {
      co_return;
    }
    char byte = 0;
    const auto count = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
      queue->lose_client();
    }
  }

  template <typename Body>
  http::response<Body> make_head(const HttpResponse& from) const {
    http::response<Body> response(static_cast<http::status>(from.status), version_);
    response.set(http::field::server, kServerName);
    if (!from.content_type.empty()) {
      response.set(http::field::content_type, from.content_type);
    }
    response.set("X-Content-Type-Options", "nosniff");
    for (const auto& [name, value] : from.headers) {
      response.insert(name, value);
    }
    response.keep_alive(keep_alive_ && !shared_->closing);
    return response;
  }

  asio::awaitable<bool> write_whole(const HttpResponse& from) {
    auto response = make_head<http::string_body>(from);
    response.body() = head_only_ ? std::string() : from.body;
    response.content_length(from.body.size());
    http::response_serializer<http::string_body> serializer(response);
    boost::system::error_code code;
    do {
      stream_.expires_after(shared_->limits.write_timeout);
      co_await http::async_write_some(stream_, serializer, asio::redirect_error(asio::use_awaitable, code));
    } while (!code && !serializer.is_done());
    co_return !code || code == http::error::end_of_stream;
  }

  asio::awaitable<bool> write_stream(const HttpResponse& from, ReplyQueue& queue) {
    auto response = make_head<http::empty_body>(from);
    const bool chunked = version_ >= 11;
    response.chunked(chunked);
    if (!chunked) {
      keep_alive_ = false;
      response.keep_alive(false);
    }
    http::response_serializer<http::empty_body> serializer(response);
    boost::system::error_code code;
    stream_.expires_after(shared_->limits.write_timeout);
    co_await http::async_write_header(stream_, serializer, asio::redirect_error(asio::use_awaitable, code));
    while (!code) {
      const std::string piece = co_await queue.pieces();
      if (queue.gone() || (piece.empty() && queue.broken())) {
        co_return false;
      }
      if (piece.empty()) {
        break;
      }
      if (chunked) {
        code = co_await write_bytes(http::make_chunk(asio::buffer(piece)));
      } else {
        code = co_await write_bytes(asio::const_buffer(piece.data(), piece.size()));
      }
    }
    if (!code && chunked) {
      code = co_await write_bytes(http::make_chunk_last());
    }
    co_return !code;
  }

  // Writes all; each part that the client takes gives it time for the next.
  template <typename Buffers>
  asio::awaitable<boost::system::error_code> write_bytes(Buffers buffers) {
    boost::system::error_code code;
    beast::buffers_suffix<Buffers> rest(buffers);
    while (!code && beast::buffer_bytes(rest) > 0) {
      stream_.expires_after(shared_->limits.write_timeout);
      rest.consume(co_await stream_.async_write_some(rest, asio::redirect_error(asio::use_awaitable, code)));
    }
    co_return code;
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_;
  std::shared_ptr<SessionShared> shared_;
  std::shared_ptr<bool> watching_;
  std::string client_;
  std::string local_;
  bool keep_alive_ = false;
  bool head_only_ = false;
  unsigned version_ = 11;
};

}  // namespace

asio::awaitable<void> run_session(tcp::socket socket, std::shared_ptr<SessionShared> shared) {
  ++shared->open;
  try {
    Session session(std::move(socket), shared);
    co_await session.run();
  } catch (const std::exception&) {
    // A connection that fails ends; the others go on.
  }
  --shared->open;
}

}  // namespace everform::server
