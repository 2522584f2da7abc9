// A list of GGUF keys to be written: names, exact types and values in order.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "everform/core/io/gguf.h"

namespace everform {

class GgufKeys {
 public:
  void u32(const std::string& name, std::int64_t value);
  void f32(const std::string& name, double value);
  void boolean(const std::string& name, bool value);
  void text(const std::string& name, std::string value);
  /// @param values an array of values of type `element`
  void array(const std::string& name, GgufType element, nlohmann::json values);
  /// A key as another file has it.
  void copy(const GgufKey& key, const nlohmann::json& value);

  bool has(const std::string& name) const { return values_.contains(name); }
  const std::vector<GgufKey>& keys() const { return keys_; }
  /// Values by name.
  const nlohmann::json& values() const { return values_; }

 private:
  void add(GgufKey key, nlohmann::json value);

  std::vector<GgufKey> keys_;
  nlohmann::json values_ = nlohmann::json::object();
};

}  // namespace everform
