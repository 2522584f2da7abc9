#include "everform/core/server/request_fields.h"

#include <utility>

#include "everform/core/io/json_text.h"
#include "everform/core/server/api_error.h"

namespace everform::server {
namespace {

std::string shown(double value) {
  return nlohmann::json(value).dump();
}

}  // namespace

RequestFields::RequestFields(const nlohmann::ordered_json& object, std::string path)
    : object_(&object), path_(std::move(path)) {
  if (!object.is_object()) {
    throw ApiError(400, (path_.empty() ? "the body" : path_) + " must be an object", path_);
  }
}

bool RequestFields::has(const char* name) const {
  const auto found = object_->find(name);
  return found != object_->end() && !found->is_null();
}

const nlohmann::ordered_json& RequestFields::at(const char* name) const {
  return *object_->find(name);
}

void RequestFields::refuse(const char* name, const std::string& found) const {
  throw ApiError(400, param(name) + " " + found, param(name));
}

std::optional<double> RequestFields::number(const char* name, double low, double high) const {
  if (!has(name)) {
    return std::nullopt;
  }
  const double value = at(name).is_number() ? at(name).get<double>() : low - 1;
  if (!at(name).is_number() || !(value >= low && value <= high)) {
    refuse(name, "must be a number between " + shown(low) + " and " + shown(high));
  }
  return value;
}

std::optional<std::int64_t> RequestFields::integer(const char* name, std::int64_t low,
                                                   std::int64_t high) const {
  if (!has(name)) {
    return std::nullopt;
  }
  const nlohmann::ordered_json& value = at(name);
  const bool too_large = value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX;
  if (!value.is_number_integer() || too_large || value.get<std::int64_t>() < low ||
      value.get<std::int64_t>() > high) {
    refuse(name, "must be an integer between " + std::to_string(low) + " and " + std::to_string(high));
  }
  return value.get<std::int64_t>();
}

std::optional<std::uint64_t> RequestFields::unsigned_integer(const char* name) const {
  if (!has(name)) {
    return std::nullopt;
  }
  const nlohmann::ordered_json& value = at(name);
  if (!value.is_number_integer()) {
    refuse(name, "must be an integer");
  }
  // A negative seed is as good as any other 64 bits.
  return value.is_number_unsigned() ? value.get<std::uint64_t>()
                                    : static_cast<std::uint64_t>(value.get<std::int64_t>());
}

bool RequestFields::flag(const char* name, bool otherwise) const {
  if (!has(name)) {
    return otherwise;
  }
  if (!at(name).is_boolean()) {
    refuse(name, "must be true or false");
  }
  return at(name).get<bool>();
}

std::optional<std::string> RequestFields::text(const char* name, std::size_t most_bytes) const {
  if (!has(name)) {
    return std::nullopt;
  }
  if (!at(name).is_string() || at(name).get_ref<const std::string&>().size() > most_bytes) {
    refuse(name, "must be a text of at most " + std::to_string(most_bytes) + " bytes");
  }
  return at(name).get<std::string>();
}

std::vector<std::string> RequestFields::texts(const char* name, std::size_t most,
                                              std::size_t most_bytes) const {
  if (!has(name)) {
    return {};
  }
  if (at(name).is_string()) {
    return {*text(name, most_bytes)};
  }
  if (!at(name).is_array() || at(name).size() > most) {
    refuse(name, "must be a text or a list of at most " + std::to_string(most) + " texts");
  }
  std::vector<std::string> values;
  for (const nlohmann::ordered_json& value : at(name)) {
    if (!value.is_string() || value.get_ref<const std::string&>().size() > most_bytes) {
      refuse(name, "must hold texts of at most " + std::to_string(most_bytes) + " bytes");
    }
    values.push_back(value.get<std::string>());
  }
  return values;
}

std::optional<RequestFields> RequestFields::object(const char* name) const {
  if (!has(name)) {
    return std::nullopt;
  }
  if (!at(name).is_object()) {
    refuse(name, "must be an object");
  }
  return RequestFields(at(name), param(name) + ".");
}

nlohmann::ordered_json parse_body(const std::string& body) {
  try {
    parse_json(body, "reading the request");  // bounds its depth, and refuses a key that is there twice
  } catch (const Error& error) {
    throw as_api_error(error);
  }
  auto document = nlohmann::ordered_json::parse(body);
  if (!document.is_object()) {
    throw ApiError(400, "the body must be a JSON object");
  }
  return document;
}

}  // namespace everform::server
