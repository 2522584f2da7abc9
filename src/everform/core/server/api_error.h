// What a request is refused with, in the form that OpenAI's clients understand.
#pragma once

#include <exception>
#include <optional>
#include <string>

#include "everform/core/base/error.h"
#include "everform/core/server/http_message.h"

namespace everform::server {

/// {"error":{"message","type","param","code"}} with its status.
class ApiError : public std::exception {
 public:
  /// @param param the field that is wrong; "" for none
  ApiError(int status, std::string message, std::string param = "", std::string code = "");

  int status() const { return status_; }
  /// Asks the client to come again after so many seconds.
  ApiError& retry_after(int seconds);
  const char* what() const noexcept override { return message_.c_str(); }
  std::string body() const;
  HttpResponse response() const;

 private:
  int status_;
  std::string message_;
  std::string param_;
  std::string code_;
  std::optional<int> retry_after_;
};

/// An error of Everform's own as an answer: usage and bad input are the request's (400), the rest the
/// server's (500).
ApiError as_api_error(const Error& error, const std::string& param = "");

}  // namespace everform::server
