#include "everform/core/server/api_error.h"

#include <utility>

#include "everform/core/io/json_text.h"

namespace everform::server {
namespace {

const char* type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 429:
      return "rate_limit_error";
    default:
      return status >= 500 ? "server_error" : "invalid_request_error";
  }
}

nlohmann::json text_or_null(const std::string& text) {
  return text.empty() ? nlohmann::json() : nlohmann::json(text);
}

}  // namespace

ApiError::ApiError(int status, std::string message, std::string param, std::string code)
    : status_(status), message_(std::move(message)), param_(std::move(param)), code_(std::move(code)) {}

ApiError& ApiError::retry_after(int seconds) {
  retry_after_ = seconds;
  return *this;
}

std::string ApiError::body() const {
  return json_to_text({{"error",
                        {{"message", message_},
                         {"type", type_of(status_)},
                         {"param", text_or_null(param_)},
                         {"code", text_or_null(code_)}}}});
}

HttpResponse ApiError::response() const {
  HttpResponse response{.status = status_, .body = body()};
  if (retry_after_) {
    response.headers.emplace_back("Retry-After", std::to_string(*retry_after_));
  }
  if (status_ == 401) {
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
  }
  return response;
}

ApiError as_api_error(const Error& error, const std::string& param) {
  const bool of_request = error.kind() == ErrorKind::kUsage || error.kind() == ErrorKind::kBadInput;
  std::string message = error.where() + ": " + error.message();
  if (!error.hint().empty()) {
    message += " (" + error.hint() + ")";
  }
  return {of_request ? 400 : 500, std::move(message), param};
}

}  // namespace everform::server
