#include "everform/core/text/json_fields.h"

#include "everform/core/base/error.h"

namespace everform::text {

JsonFields::JsonFields(const nlohmann::json& value, std::string where, std::string path)
    : value_(value), where_(std::move(where)), path_(std::move(path)) {
  if (!value_.is_object()) {
    throw Error(ErrorKind::kBadInput, where_,
                (path_.empty() ? "the document" : path_) + " is no JSON object");
  }
}

std::string JsonFields::path_of(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

void JsonFields::fail(const std::string& key, const std::string& message) const {
  throw Error(ErrorKind::kBadInput, where_, path_of(key) + " " + message);
}

void JsonFields::unsupported(const std::string& key, const std::string& value) const {
  fail(key, "is \"" + value + "\", which is not supported");
}

const nlohmann::json* JsonFields::find(const std::string& key) const {
  const auto found = value_.find(key);
  return found == value_.end() || found->is_null() ? nullptr : &*found;
}

bool JsonFields::has(const std::string& key) const {
  return find(key) != nullptr;
}

const nlohmann::json& JsonFields::require(const std::string& key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    fail(key, "is not there");
  }
  return *value;
}

std::string JsonFields::text(const std::string& key) const {
  const nlohmann::json& value = require(key);
  if (!value.is_string()) {
    fail(key, "is no string");
  }
  return value.get<std::string>();
}

std::string JsonFields::text(const std::string& key, const std::string& otherwise) const {
  return has(key) ? text(key) : otherwise;
}

std::optional<std::string> JsonFields::optional_text(const std::string& key) const {
  return has(key) ? std::optional(text(key)) : std::nullopt;
}

bool JsonFields::flag(const std::string& key, bool otherwise) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return otherwise;
  }
  if (!value->is_boolean()) {
    fail(key, "is neither true nor false");
  }
  return value->get<bool>();
}

std::int64_t JsonFields::integer(const std::string& key, std::int64_t minimum, std::int64_t maximum) const {
  const nlohmann::json& value = require(key);
  const bool large =
      value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  if (!value.is_number_integer() || large || value.get<std::int64_t>() < minimum ||
      value.get<std::int64_t>() > maximum) {
    fail(key, "is no integer from " + std::to_string(minimum) + " to " + std::to_string(maximum));
  }
  return value.get<std::int64_t>();
}

std::int64_t JsonFields::integer(const std::string& key, std::int64_t minimum, std::int64_t maximum,
                                 std::int64_t otherwise) const {
  return has(key) ? integer(key, minimum, maximum) : otherwise;
}

const nlohmann::json& JsonFields::array(const std::string& key) const {
  const nlohmann::json& value = require(key);
  if (!value.is_array()) {
    fail(key, "is no array");
  }
  return value;
}

JsonFields JsonFields::object(const std::string& key) const {
  return {require(key), where_, path_of(key)};
}

JsonFields JsonFields::element(const std::string& key, std::size_t index) const {
  return {array(key).at(index), where_, path_of(key) + "[" + std::to_string(index) + "]"};
}

}  // namespace everform::text
