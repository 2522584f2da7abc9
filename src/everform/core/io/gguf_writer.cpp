#include <array>
#include <set>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/gguf_keys.h"
#include "everform/core/io/tensor_size.h"

namespace everform {

namespace {

constexpr std::size_t kMostDimensions = 4;

std::uint64_t padding_after(std::uint64_t size) {
  return (kGgufDefaultAlignment - size % kGgufDefaultAlignment) % kGgufDefaultAlignment;
}

/// Collects the bytes in front of the data.
class GgufHeader {
 public:
  explicit GgufHeader(std::string where) : where_(std::move(where)) {}

  template <typename T>
  void put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  void put_string(const std::string& text) {
    put(static_cast<std::uint64_t>(text.size()));
    bytes_ += text;
  }

  void put_key(const GgufKey& key, const nlohmann::json& value) {
    put_string(key.name);
    put(static_cast<std::uint32_t>(key.type));
    if (key.type != GgufType::kArray) {
      put_value(key.name, key.type, value);
      return;
    }
    put(static_cast<std::uint32_t>(key.element));
    put(static_cast<std::uint64_t>(value.size()));
    for (const nlohmann::json& element : value) {
      put_value(key.name, key.element, element);
    }
  }

  /// Returns the tensor's bytes.
  std::uint64_t put_tensor(const TensorToWrite& tensor, std::uint64_t offset) {
    const auto code = gguf_element_code(tensor.type);
    if (!code || tensor.shape.size() > kMostDimensions) {
      fail("GGUF has no place for the " + std::string(element_name(tensor.type)) + " tensor \"" +
           printable(tensor.name) + "\" of shape " + shape_text(tensor.shape));
    }
    if (!names_.insert(tensor.name).second) {
      fail("the tensor \"" + printable(tensor.name) + "\" is given twice");
    }
    put_string(tensor.name);
    const std::vector<std::int64_t> shape =
        tensor.shape.empty() ? std::vector<std::int64_t>{1} : tensor.shape;
    put(static_cast<std::uint32_t>(shape.size()));
    for (auto extent = shape.rbegin(); extent != shape.rend(); ++extent) {
      put(static_cast<std::uint64_t>(*extent));
    }
    put(*code);
    put(offset);
    return tensor_bytes(tensor.type, shape, tensor.name, where_);
  }

  void pad() { bytes_.append(padding_after(bytes_.size()), '\0'); }
  const std::string& bytes() const { return bytes_; }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::kUsage, where_, problem);
  }

  void put_value(const std::string& name, GgufType type, const nlohmann::json& value) {
    const bool text = type == GgufType::kString;
    const bool truth = type == GgufType::kBool;
    if (text != value.is_string() || truth != value.is_boolean() || (!text && !truth && !value.is_number())) {
      fail("the key \"" + printable(name) + "\" has a value of another type");
    }
    switch (type) {
      case GgufType::kU8:
        return put(value.get<std::uint8_t>());
      case GgufType::kI8:
        return put(value.get<std::int8_t>());
      case GgufType::kU16:
        return put(value.get<std::uint16_t>());
      case GgufType::kI16:
        return put(value.get<std::int16_t>());
      case GgufType::kU32:
        return put(value.get<std::uint32_t>());
      case GgufType::kI32:
        return put(value.get<std::int32_t>());
      case GgufType::kF32:
        return put(value.get<float>());
      case GgufType::kBool:
        return put(static_cast<std::uint8_t>(value.get<bool>() ? 1 : 0));
      case GgufType::kString:
        return put_string(value.get_ref<const std::string&>());
      case GgufType::kU64:
        return put(value.get<std::uint64_t>());
      case GgufType::kI64:
        return put(value.get<std::int64_t>());
      case GgufType::kF64:
        return put(value.get<double>());
      case GgufType::kArray:
        break;
    }
    fail("the key \"" + printable(name) + "\" is an array of arrays");
  }

  std::string where_;
  std::string bytes_;
  std::set<std::string> names_;
};

}  // namespace

std::size_t write_gguf(const std::filesystem::path& path, const GgufKeys& keys,
                       const std::vector<TensorToWrite>& tensors) {
  const std::string where = "writing " + path.string();
  GgufHeader header(where);
  constexpr std::uint32_t kVersion = 3;
  header.put(std::array<char, 4>{'G', 'G', 'U', 'F'});
  header.put(kVersion);
  header.put(static_cast<std::uint64_t>(tensors.size()));
  header.put(static_cast<std::uint64_t>(keys.keys().size()));
  for (const GgufKey& key : keys.keys()) {
    header.put_key(key, keys.values()[key.name]);
  }
  std::vector<std::uint64_t> sizes;
  std::uint64_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    sizes.push_back(header.put_tensor(tensor, offset));
    offset += sizes.back() + padding_after(sizes.back());
  }
  header.pad();
  AtomicFile file(path);
  file.write(header.bytes());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::span<const std::byte> data = tensors[i].produce();
    if (data.size() != sizes[i]) {
      throw Error(ErrorKind::kFailed, where,
                  "the tensor \"" + printable(tensors[i].name) + "\" has " + std::to_string(data.size()) +
                      " bytes instead of " + std::to_string(sizes[i]));
    }
    file.write(data);
    file.write(std::string(padding_after(data.size()), '\0'));
  }
  file.commit();
  return file.size();
}

}  // namespace everform
