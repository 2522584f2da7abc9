#include "everform/core/io/gguf_keys.h"

#include "everform/core/base/error.h"

namespace everform {

void GgufKeys::add(GgufKey key, nlohmann::json value) {
  if (values_.contains(key.name)) {
    throw Error(ErrorKind::kFailed, "writing GGUF keys",
                "the key \"" + printable(key.name) + "\" is given twice");
  }
  values_[key.name] = std::move(value);
  keys_.push_back(std::move(key));
}

void GgufKeys::u32(const std::string& name, std::int64_t value) {
  if (value < 0 || value > static_cast<std::int64_t>(UINT32_MAX)) {
    throw Error(ErrorKind::kUsage, "writing GGUF keys",
                name + " is " + std::to_string(value) + ", which is no 32-bit number");
  }
  add({name, GgufType::kU32}, static_cast<std::uint32_t>(value));
}

void GgufKeys::f32(const std::string& name, double value) {
  add({name, GgufType::kF32}, static_cast<float>(value));
}
void GgufKeys::boolean(const std::string& name, bool value) {
  add({name, GgufType::kBool}, value);
}
void GgufKeys::text(const std::string& name, std::string value) {
  add({name, GgufType::kString}, std::move(value));
}

void GgufKeys::array(const std::string& name, GgufType element, nlohmann::json values) {
  add({name, GgufType::kArray, element}, std::move(values));
}

void GgufKeys::copy(const GgufKey& key, const nlohmann::json& value) {
  add(key, value);
}

}  // namespace everform
