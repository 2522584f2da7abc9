#include "everform/core/io/config_keys.h"

#include "everform/core/base/error.h"
#include "everform/core/io/json_text.h"

namespace everform {

namespace {

bool is_integer(const nlohmann::json& value) {
  return value.is_number_integer() &&
         !(value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX));
}

}  // namespace

ConfigKeys::ConfigKeys(const nlohmann::json& object, std::string where, std::string prefix)
    : object_(object), where_(std::move(where)), prefix_(std::move(prefix)) {
  if (!object_.is_object()) {
    throw Error(ErrorKind::kBadInput, where_, "the configuration is not an object");
  }
}

bool ConfigKeys::has(const std::string& key) const {
  const auto found = object_.find(prefix_ + key);
  return found != object_.end() && !found->is_null();
}

void ConfigKeys::fail(const std::string& key, const std::string& problem) const {
  throw Error(ErrorKind::kBadInput, where_, "\"" + printable(prefix_ + key) + "\" " + problem);
}

const nlohmann::json* ConfigKeys::find(const std::string& key) {
  known_.insert(prefix_ + key);
  const auto found = object_.find(prefix_ + key);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

const nlohmann::json& ConfigKeys::require(const std::string& key) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    fail(key, "is missing");
  }
  return *value;
}

std::int64_t ConfigKeys::integer(const std::string& key) {
  const nlohmann::json& value = require(key);
  if (!is_integer(value)) {
    fail(key, "must be one whole number");
  }
  return value.get<std::int64_t>();
}

std::int64_t ConfigKeys::integer(const std::string& key, std::int64_t otherwise) {
  return find(key) == nullptr ? otherwise : integer(key);
}

double ConfigKeys::number(const std::string& key) {
  const nlohmann::json& value = require(key);
  if (!value.is_number()) {
    fail(key, "must be a number");
  }
  return value.get<double>();
}

double ConfigKeys::number(const std::string& key, double otherwise) {
  return find(key) == nullptr ? otherwise : number(key);
}

bool ConfigKeys::flag(const std::string& key, bool otherwise) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return otherwise;
  }
  if (!value->is_boolean()) {
    fail(key, "must be true or false");
  }
  return value->get<bool>();
}

std::string ConfigKeys::text(const std::string& key, const std::string& otherwise) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return otherwise;
  }
  if (!value->is_string()) {
    fail(key, "must be a text");
  }
  return value->get<std::string>();
}

std::vector<std::int64_t> ConfigKeys::integers(const std::string& key) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return {};
  }
  if (!value->is_array()) {
    return {integer(key)};
  }
  constexpr std::size_t kMost = 1024;
  std::vector<std::int64_t> numbers;
  for (const nlohmann::json& element : *value) {
    if (!is_integer(element) || numbers.size() == kMost) {
      fail(key, "must be a list of at most " + std::to_string(kMost) + " whole numbers");
    }
    numbers.push_back(element.get<std::int64_t>());
  }
  return numbers;
}

nlohmann::json ConfigKeys::object(const std::string& key) {
  const nlohmann::json* value = find(key);
  if (value == nullptr) {
    return nlohmann::json::object();
  }
  if (!value->is_object()) {
    fail(key, "must be an object");
  }
  return *value;
}

nlohmann::json ConfigKeys::any(const std::string& key) {
  const nlohmann::json* value = find(key);
  return value == nullptr ? nlohmann::json() : *value;
}

std::string ConfigKeys::first_of(std::initializer_list<const char*> names) const {
  for (const char* name : names) {
    if (has(name)) {
      return name;
    }
  }
  return *names.begin();
}

void ConfigKeys::ignore(std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    known_.insert(prefix_ + key);
  }
}

void ConfigKeys::expect(const std::string& key, const nlohmann::json& only) {
  const nlohmann::json* value = find(key);
  if (value != nullptr && *value != only) {
    fail(key, "is " + printable(json_to_text(*value)) + "; only " + json_to_text(only) + " is supported");
  }
}

void ConfigKeys::refuse_others() const {
  for (const auto& [key, value] : object_.items()) {
    if (key.starts_with(prefix_) && !known_.contains(key) && !value.is_null()) {
      throw Error(ErrorKind::kBadInput, where_, "the key \"" + printable(key) + "\" is not understood",
                  "it may change the maths; this model is not supported");
    }
  }
}

}  // namespace everform
