// GGUF files to be written: keys with their exact types in order, and the file itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "everform/core/io/gguf.h"
#include "everform/core/io/tensor_to_write.h"

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

/// Writes a version 3 file through a temporary one and a rename; the same input gives the same bytes. Tensors
/// stand in the given order.
/// @return bytes of the file
/// Throws kUsage for an element type that GGUF does not have, more than four dimensions or a name given
/// twice; kFailed where the disk refuses.
std::size_t write_gguf(const std::filesystem::path& path, const GgufKeys& keys,
                       const std::vector<TensorToWrite>& tensors);

}  // namespace everform
