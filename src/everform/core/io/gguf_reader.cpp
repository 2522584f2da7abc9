#include <array>
#include <bit>
#include <set>

#include "everform/core/base/error.h"
#include "everform/core/base/utf8.h"
#include "everform/core/io/byte_reader.h"
#include "everform/core/io/gguf.h"
#include "everform/core/io/mapped_file.h"
#include "everform/core/io/tensor_size.h"

namespace everform {

namespace {

constexpr std::size_t kLongestKey = 65535;
constexpr std::size_t kLongestTensorName = 1024;
/// A value costs far more as JSON than in the file; real vocabularies stay below a million.
constexpr std::uint64_t kMostArrayValues = std::uint64_t{1} << 24U;
constexpr std::uint32_t kMostDimensions = 4;
constexpr std::uint64_t kSmallestKeyRecord = 8 + 4 + 1;
constexpr std::uint64_t kSmallestTensorRecord = 8 + 4 + 8 + 4 + 8;

static_assert(std::endian::native == std::endian::little, "GGUF and safetensors are read in place");

class GgufParser {
 public:
  GgufParser(std::span<const std::byte> file, const std::string& where) : file_(file), reader_(file, where) {}

  GgufContents parse() {
    read_header();
    for (std::uint64_t i = 0; i < key_count_; ++i) {
      read_key();
    }
    read_alignment();
    for (std::uint64_t i = 0; i < tensor_count_; ++i) {
      read_tensor_record();
    }
    place_tensors();
    return std::move(contents_);
  }

 private:
  void read_header() {
    const auto magic = reader_.take(4, "the magic");
    if (std::memcmp(magic.data(), "GGUF", 4) != 0) {
      reader_.fail("it does not begin with \"GGUF\"");
    }
    contents_.version = reader_.read<std::uint32_t>("the version");
    if (contents_.version != 2 && contents_.version != 3) {
      const bool swapped = (contents_.version & 0xFFFFU) == 0;
      reader_.fail(swapped ? std::string("it is a big-endian GGUF file; only little-endian ones are read")
                           : "its version is " + std::to_string(contents_.version) + "; 2 and 3 are read");
    }
    tensor_count_ = reader_.read<std::uint64_t>("the number of tensors");
    key_count_ = reader_.read<std::uint64_t>("the number of keys");
    check_count(key_count_, kSmallestKeyRecord, "keys");
    check_count(tensor_count_, kSmallestTensorRecord, "tensors");
  }

  /// A count that the rest of the file cannot hold is a lie; finding out before reserving memory matters.
  void check_count(std::uint64_t count, std::uint64_t smallest, const std::string& of_what) const {
    if (count > reader_.remaining() / smallest) {
      reader_.fail("it claims " + std::to_string(count) + " " + of_what + ", which do not fit into the file");
    }
  }

  std::string read_string(const char* what, std::uint64_t limit) {
    const auto length = reader_.read<std::uint64_t>(what);
    if (length > limit) {
      reader_.fail(std::string(what) + " of " + std::to_string(length) + " bytes is longer than " +
                   std::to_string(limit));
    }
    const auto bytes = reader_.take(length, what);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  /// Keys and tensor names go into messages, JSON and other files: they must be text.
  std::string read_name(const char* what, std::size_t limit) {
    std::string name = read_string(what, limit);
    if (name.empty() || find_invalid_utf8(name) != std::string::npos ||
        name.find('\0') != std::string::npos) {
      reader_.fail(std::string(what) + " \"" + printable(name) + "\" is empty or no valid text");
    }
    return name;
  }

  GgufType read_type(const char* what) {
    const auto code = reader_.read<std::uint32_t>(what);
    if (code > static_cast<std::uint32_t>(GgufType::kF64)) {
      reader_.fail(std::string(what) + " " + std::to_string(code) + " is unknown");
    }
    return static_cast<GgufType>(code);
  }

  void read_key() {
    GgufKey key;
    key.name = read_name("a key's name", kLongestKey);
    if (contents_.metadata.contains(key.name)) {
      reader_.fail("the key \"" + printable(key.name) + "\" occurs twice");
    }
    key.type = read_type("a key's type");
    contents_.metadata[key.name] = key.type == GgufType::kArray ? read_array(key) : read_value(key.type);
    contents_.keys.push_back(std::move(key));
  }

  nlohmann::json read_array(GgufKey& key) {
    key.element = read_type("an array's element type");
    if (key.element == GgufType::kArray) {
      reader_.fail("the key \"" + printable(key.name) + "\" is an array of arrays");
    }
    const auto count = reader_.read<std::uint64_t>("an array's length");
    const std::size_t bytes = gguf_type_bytes(key.element);
    check_count(count, bytes == 0 ? 8 : bytes, "values of \"" + printable(key.name) + "\"");
    if (count > kMostArrayValues - array_values_) {
      reader_.fail("its arrays hold more than " + std::to_string(kMostArrayValues) + " values");
    }
    array_values_ += count;
    nlohmann::json::array_t values;
    values.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) {
      values.push_back(read_value(key.element));
    }
    return values;
  }

  nlohmann::json read_value(GgufType type) {
    switch (type) {
      case GgufType::kU8:
        return reader_.read<std::uint8_t>("a value");
      case GgufType::kI8:
        return reader_.read<std::int8_t>("a value");
      case GgufType::kU16:
        return reader_.read<std::uint16_t>("a value");
      case GgufType::kI16:
        return reader_.read<std::int16_t>("a value");
      case GgufType::kU32:
        return reader_.read<std::uint32_t>("a value");
      case GgufType::kI32:
        return reader_.read<std::int32_t>("a value");
      case GgufType::kF32:
        return reader_.read<float>("a value");
      case GgufType::kBool:
        return read_bool();
      case GgufType::kString:
        return read_string("a string", UINT64_MAX);
      case GgufType::kU64:
        return reader_.read<std::uint64_t>("a value");
      case GgufType::kI64:
        return reader_.read<std::int64_t>("a value");
      case GgufType::kF64:
        return reader_.read<double>("a value");
      case GgufType::kArray:
        break;
    }
    reader_.fail("an array is nested in another");
  }

  bool read_bool() {
    const auto value = reader_.read<std::uint8_t>("a truth value");
    if (value > 1) {
      reader_.fail("a truth value is " + std::to_string(value) + ", neither 0 nor 1");
    }
    return value == 1;
  }

  void read_alignment() {
    const auto found = contents_.metadata.find("general.alignment");
    if (found == contents_.metadata.end()) {
      return;
    }
    constexpr std::uint64_t kLargest = std::uint64_t{1} << 20U;
    const std::uint64_t value = found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
    if (!std::has_single_bit(value) || value > kLargest) {
      reader_.fail("general.alignment must be a power of two, at most " + std::to_string(kLargest));
    }
    alignment_ = static_cast<std::size_t>(value);
  }

  void read_tensor_record() {
    TensorView tensor;
    tensor.name = read_name("a tensor's name", kLongestTensorName);
    if (!names_.insert(tensor.name).second) {
      reader_.fail("the tensor \"" + printable(tensor.name) + "\" occurs twice");
    }
    const auto dimensions = reader_.read<std::uint32_t>("a tensor's number of dimensions");
    if (dimensions < 1 || dimensions > kMostDimensions) {
      reader_.fail("the tensor \"" + printable(tensor.name) + "\" has " + std::to_string(dimensions) +
                   " dimensions; 1 to 4 are allowed");
    }
    tensor.shape.resize(dimensions);
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      tensor.shape[dimensions - 1 - i] = read_extent(tensor.name);
    }
    const auto code = reader_.read<std::uint32_t>("a tensor's element type");
    const std::optional<ElementType> type = element_type_from_gguf(code);
    if (!type) {
      reader_.fail("the tensor \"" + printable(tensor.name) + "\" has element type " + std::to_string(code) +
                   ", which is not supported");
    }
    tensor.type = *type;
    sizes_.push_back(tensor_bytes(tensor.type, tensor.shape, tensor.name, reader_.where()));
    offsets_.push_back(reader_.read<std::uint64_t>("a tensor's offset"));
    contents_.tensors.push_back(std::move(tensor));
  }

  std::int64_t read_extent(const std::string& name) {
    const auto extent = reader_.read<std::uint64_t>("a tensor's extent");
    if (extent == 0 || extent > static_cast<std::uint64_t>(INT64_MAX)) {
      reader_.fail("the tensor \"" + printable(name) + "\" has an extent of " + std::to_string(extent));
    }
    return static_cast<std::int64_t>(extent);
  }

  std::uint64_t padded(std::uint64_t size) const {
    return (size + alignment_ - 1) & ~(std::uint64_t{alignment_} - 1);
  }

  void place_tensors() {
    if (contents_.tensors.empty()) {
      return;
    }
    const std::uint64_t start = padded(reader_.position());
    const std::uint64_t available = file_.size() > start ? file_.size() - start : 0;
    std::uint64_t expected = 0;
    for (std::size_t i = 0; i < contents_.tensors.size(); ++i) {
      TensorView& tensor = contents_.tensors[i];
      if (offsets_[i] != expected) {
        reader_.fail("the tensor \"" + printable(tensor.name) + "\" lies at offset " +
                     std::to_string(offsets_[i]) + ", but the one before it ends at " +
                     std::to_string(expected) + ": they overlap or leave a gap");
      }
      if (sizes_[i] > available || expected > available - sizes_[i]) {
        reader_.fail("the tensor \"" + printable(tensor.name) + "\" ends at byte " +
                     std::to_string(start + expected + sizes_[i]) + " of a file of " +
                     std::to_string(file_.size()) + ": the file is cut short or lies");
      }
      tensor.data =
          file_.subspan(static_cast<std::size_t>(start + expected), static_cast<std::size_t>(sizes_[i]));
      expected = padded(expected + sizes_[i]);
    }
    if (available > expected) {
      reader_.fail(std::to_string(available - expected) + " bytes after the last tensor belong to none");
    }
  }

  std::span<const std::byte> file_;
  ByteReader reader_;
  GgufContents contents_;
  std::uint64_t tensor_count_ = 0;
  std::uint64_t key_count_ = 0;
  std::uint64_t array_values_ = 0;
  std::size_t alignment_ = kGgufDefaultAlignment;
  std::set<std::string> names_;
  std::vector<std::uint64_t> sizes_;
  std::vector<std::uint64_t> offsets_;
};

class MappedGguf final : public GgufStore {
 public:
  explicit MappedGguf(const std::filesystem::path& path)
      : file_(path), contents_(parse_gguf(file_.bytes(), "reading " + path.string())) {
    path_ = path;
  }

  std::string format() const override { return "gguf"; }
  const std::vector<TensorView>& tensors() const override { return contents_.tensors; }
  const nlohmann::json& metadata() const override { return contents_.metadata; }
  const std::vector<GgufKey>& keys() const override { return contents_.keys; }
  void release(const TensorView& tensor) const override { release_pages(tensor.data); }

 private:
  MappedFile file_;
  GgufContents contents_;
};

}  // namespace

GgufContents parse_gguf(std::span<const std::byte> file, const std::string& where) {
  return GgufParser(file, where).parse();
}

std::unique_ptr<GgufStore> open_gguf(const std::filesystem::path& path) {
  return std::make_unique<MappedGguf>(path);
}

}  // namespace everform
