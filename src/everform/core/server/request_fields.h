// The fields of a JSON object that a client sent, each checked for its type and range.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace everform::server {

/// Null counts as absent. What is wrong is an ApiError 400 that names the field.
class RequestFields {
 public:
  /// @param path in front of the fields' names in errors ("stream_options.")
  explicit RequestFields(const nlohmann::ordered_json& object, std::string path = "");

  bool has(const char* name) const;
  /// The value as it is; the field must be there.
  const nlohmann::ordered_json& at(const char* name) const;

  std::optional<double> number(const char* name, double low, double high) const;
  std::optional<std::int64_t> integer(const char* name, std::int64_t low, std::int64_t high) const;
  std::optional<std::uint64_t> unsigned_integer(const char* name) const;
  bool flag(const char* name, bool otherwise) const;
  std::optional<std::string> text(const char* name, std::size_t most_bytes) const;
  /// A text, or a list of at most `most` texts.
  std::vector<std::string> texts(const char* name, std::size_t most, std::size_t most_bytes) const;
  /// An object, or nothing.
  std::optional<RequestFields> object(const char* name) const;

  [[noreturn]] void refuse(const char* name, const std::string& found) const;
  std::string param(const char* name) const { return path_ + name; }

 private:
  const nlohmann::ordered_json* object_;
  std::string path_;
};

/// Parses a body: an object, nested at most 64 levels. Throws ApiError 400 otherwise.
nlohmann::ordered_json parse_body(const std::string& body);

}  // namespace everform::server
