// A small blocking HTTP client on plain sockets, so that tests decide about every byte.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace everform::test {

struct Answer {
  int status = 0;  ///< 0: there was none
  std::string head;
  std::string body;  ///< chunks joined
  bool complete = false;

  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
  bool has(const std::string& text) const { return head.find(text) != std::string::npos; }
};

class Connection {
 public:
  explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~Connection() { hang_up(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool connected() const { return connected_; }
  void hang_up() {
    if (socket_ >= 0) {
      close(socket_);
      socket_ = -1;
    }
  }
  bool send_bytes(const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
      const ssize_t count = send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) {
        return false;
      }
      sent += static_cast<std::size_t>(count);
    }
    return true;
  }
  void send_request(const std::string& method, const std::string& path, const std::string& body = "",
                    const std::string& headers = "Host: localhost\r\n") {
    send_bytes(method + " " + path + " HTTP/1.1\r\n" + headers +
               (method == "POST" ? "Content-Length: " + std::to_string(body.size()) + "\r\n" : "") + "\r\n" +
               body);
  }

  /// Reads until `mark` has come; false at the end of the connection or after `patience`.
  bool read_until(const std::string& mark, std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (buffer_.find(mark) == std::string::npos) {
      if (!read_more(end)) {
        return false;
      }
    }
    return true;
  }
  /// Everything up to the end of the connection. @return whether it came
  bool read_to_end(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (read_more(end)) {
    }
    return ended_;
  }
  const std::string& buffer() const { return buffer_; }

  Answer read_answer(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    Answer answer;
    if (!read_until("\r\n\r\n", patience)) {
      return answer;
    }
    const std::size_t head_end = buffer_.find("\r\n\r\n") + 4;
    answer.head = buffer_.substr(0, head_end);
    buffer_.erase(0, head_end);
    answer.status = std::stoi(answer.head.substr(9, 3));
    const auto end = std::chrono::steady_clock::now() + patience;
    if (answer.has("Transfer-Encoding: chunked")) {
      answer.complete = read_chunks(answer.body, end);
      return answer;
    }
    const std::size_t at = answer.head.find("Content-Length: ");
    const std::size_t length = at == std::string::npos ? 0 : std::stoul(answer.head.substr(at + 16));
    while (buffer_.size() < length && read_more(end)) {
    }
    answer.complete = buffer_.size() >= length;
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return answer;
  }

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  bool read_more(TimePoint end) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now()).count();
    pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
    if (left <= 0 || poll(&waiting, 1, static_cast<int>(left)) <= 0) {
      return false;
    }
    char bytes[65536];
    const ssize_t count = recv(socket_, bytes, sizeof bytes, 0);
    ended_ = ended_ || count <= 0;
    buffer_.append(bytes, count > 0 ? static_cast<std::size_t>(count) : 0);
    return count > 0;
  }

  bool read_chunks(std::string& body, TimePoint end) {
    while (true) {
      while (buffer_.find("\r\n") == std::string::npos) {
        if (!read_more(end)) {
          return false;
        }
      }
      const std::size_t line = buffer_.find("\r\n") + 2;
      const std::size_t size = std::stoul(buffer_, nullptr, 16);
      while (buffer_.size() < line + size + 2) {
        if (!read_more(end)) {
          return false;
        }
      }
      body += buffer_.substr(line, size);
      buffer_.erase(0, line + size + 2);
      if (size == 0) {
        return true;
      }
    }
  }

  int socket_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  std::string buffer_;
};

}  // namespace everform::test
