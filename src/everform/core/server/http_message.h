// HTTP as the rest of the server sees it: a request that was read, an answer that is written whole or as a
// stream. No library's types.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace everform::server {

using Header = std::pair<std::string, std::string>;

struct HttpRequest {
  std::string method;           ///< "GET"
  std::string path;             ///< without the query, percent-decoded; always begins with "/"
  std::string query;            ///< after the "?", as sent
  std::vector<Header> headers;  ///< in the order sent
  std::string body;
  std::string client;  ///< the peer's address, without its port
  std::string local;   ///< the address that the peer reached, without its port

  /// The value of the first header of this name, whatever its case; nothing where there is none.
  std::optional<std::string_view> header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<Header> headers;  ///< further ones
};

/// The answer to one request. Every function may be called from any thread; what comes after the end, or
/// after the client has gone, is dropped. An answer that is destroyed before its end becomes a status 500, or
/// a broken stream.
class HttpReply {
 public:
  virtual ~HttpReply() = default;
  /// A whole answer.
  virtual void send(HttpResponse response) = 0;
  /// The head of a stream; its body is ignored.
  virtual void begin_stream(HttpResponse head) = 0;
  /// A client that does not read fast enough to keep the queue under its limit counts as gone.
  virtual void write(std::string piece) = 0;
  virtual void end_stream() = 0;
  /// `gone` is called at most once, where the client goes before the answer has ended.
  virtual void on_gone(std::function<void()> gone) = 0;
};

/// What answers requests. Both functions run on the I/O thread and must not block it.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Looks at a request before its body is read: an answer refuses it.
  virtual std::optional<HttpResponse> refuse(const HttpRequest& head) = 0;
  virtual void handle(HttpRequest request, std::shared_ptr<HttpReply> reply) = 0;
  /// The answer to what is no HTTP request, or one over a limit. @param status 400, 413, 431, 500 or 503
  virtual HttpResponse refusal(int status, const std::string& message) = 0;
};

}  // namespace everform::server
