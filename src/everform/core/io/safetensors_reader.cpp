#include <algorithm>
#include <array>
#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/io/byte_reader.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/mapped_file.h"
#include "everform/core/io/safetensors.h"
#include "everform/core/io/tensor_size.h"

namespace everform {

namespace {

constexpr std::array<std::pair<std::string_view, ElementType>, 10> kDtypes = {{
    {"F64", ElementType::kF64},
    {"F32", ElementType::kF32},
    {"F16", ElementType::kF16},
    {"BF16", ElementType::kBF16},
    {"I64", ElementType::kI64},
    {"I32", ElementType::kI32},
    {"I16", ElementType::kI16},
    {"I8", ElementType::kI8},
    {"U8", ElementType::kU8},
    {"BOOL", ElementType::kBool},
}};

constexpr std::size_t kMostDimensions = 32;

struct Placed {
  TensorView tensor;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Checks one entry of the header on its own.
class EntryReader {
 public:
  EntryReader(const std::string& name, const nlohmann::json& entry, const std::string& where)
      : name_(name), entry_(entry), where_(where) {}

  Placed read() const {
    if (!entry_.is_object() || entry_.size() != 3) {
      fail("must have exactly dtype, shape and data_offsets");
    }
    Placed placed;
    placed.tensor.name = name_;
    placed.tensor.type = read_type();
    placed.tensor.shape = read_shape();
    const nlohmann::json& offsets = field("data_offsets");
    if (!offsets.is_array() || offsets.size() != 2) {
      fail("has data_offsets that are not two numbers");
    }
    placed.begin = read_count(offsets[0], "an offset");
    placed.end = read_count(offsets[1], "an offset");
    const std::uint64_t bytes = tensor_bytes(placed.tensor.type, placed.tensor.shape, name_, where_);
    if (placed.end < placed.begin || placed.end - placed.begin != bytes) {
      fail("needs " + std::to_string(bytes) + " bytes by its dtype and shape, but its offsets are " +
           std::to_string(placed.begin) + " and " + std::to_string(placed.end));
    }
    return placed;
  }

 private:
  [[noreturn]] void fail(const std::string& problem) const {
    throw Error(ErrorKind::kBadInput, where_, "the tensor \"" + printable(name_) + "\" " + problem);
  }

  const nlohmann::json& field(const char* key) const {
    const auto found = entry_.find(key);
    if (found == entry_.end()) {
      fail(std::string("has no ") + key);
    }
    return *found;
  }

  ElementType read_type() const {
    const nlohmann::json& dtype = field("dtype");
    if (!dtype.is_string()) {
      fail("has a dtype that is no text");
    }
    const auto& text = dtype.get_ref<const std::string&>();
    for (const auto& [known, type] : kDtypes) {
      if (known == text) {
        return type;
      }
    }
    fail("has dtype \"" + printable(text) + "\", which is not supported");
  }

  std::vector<std::int64_t> read_shape() const {
    const nlohmann::json& shape = field("shape");
    if (!shape.is_array() || shape.size() > kMostDimensions) {
      fail("has a shape that is no list of at most " + std::to_string(kMostDimensions) + " extents");
    }
    std::vector<std::int64_t> extents;
    for (const nlohmann::json& extent : shape) {
      extents.push_back(static_cast<std::int64_t>(read_count(extent, "an extent")));
    }
    return extents;
  }

  std::uint64_t read_count(const nlohmann::json& value, const char* what) const {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) {
      fail(std::string("has ") + what + " that is no whole number from 0 to 2^63-1");
    }
    return value.get<std::uint64_t>();
  }

  const std::string& name_;
  const nlohmann::json& entry_;
  const std::string& where_;
};

void check_metadata(const nlohmann::json& metadata, const std::string& where) {
  bool texts = metadata.is_object();
  for (const auto& [key, value] : metadata.items()) {
    texts = texts && value.is_string();
  }
  if (!texts) {
    throw Error(ErrorKind::kBadInput, where, "__metadata__ is not an object of texts");
  }
}

/// Gives every tensor its bytes, which must follow each other from the data's begin to its end.
void place(std::vector<Placed>& entries, std::span<const std::byte> data, const std::string& where) {
  std::sort(entries.begin(), entries.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.begin, a.end, a.tensor.name) < std::tie(b.begin, b.end, b.tensor.name);
  });
  std::uint64_t reached = 0;
  for (Placed& entry : entries) {
    if (entry.begin != reached) {
      throw Error(ErrorKind::kBadInput, where,
                  "the tensor \"" + printable(entry.tensor.name) + "\" begins at " +
                      std::to_string(entry.begin) + ", but the one before it ends at " +
                      std::to_string(reached) + ": they overlap or leave a gap");
    }
    if (entry.end > data.size()) {
      break;
    }
    reached = entry.end;
    entry.tensor.data = data.subspan(static_cast<std::size_t>(entry.begin),
                                     static_cast<std::size_t>(entry.end - entry.begin));
  }
  const std::uint64_t claimed = entries.empty() ? 0 : entries.back().end;
  if (claimed != data.size()) {
    throw Error(ErrorKind::kBadInput, where,
                "its tensors claim " + std::to_string(claimed) + " bytes, but " +
                    std::to_string(data.size()) + " follow the header: the file is cut short or lies");
  }
}

class MappedSafetensors final : public TensorStore {
 public:
  explicit MappedSafetensors(const std::filesystem::path& path)
      : file_(path), contents_(parse_safetensors(file_.bytes(), "reading " + path.string())) {
    path_ = path;
  }
  std::string format() const override { return "safetensors"; }
  const std::vector<TensorView>& tensors() const override { return contents_.tensors; }
  const nlohmann::json& metadata() const override { return contents_.metadata; }
  void release(const TensorView& tensor) const override { release_pages(tensor.data); }

 private:
  MappedFile file_;
  SafetensorsContents contents_;
};

}  // namespace

SafetensorsContents parse_safetensors(std::span<const std::byte> file, const std::string& where) {
  ByteReader reader(file, where);
  const auto length = reader.read<std::uint64_t>("the header's length");
  if (length > kSafetensorsLongestHeader) {
    reader.fail("its header claims " + std::to_string(length) + " bytes; " +
                std::to_string(kSafetensorsLongestHeader) +
                " are allowed: it is probably no safetensors file");
  }
  const auto header_bytes = reader.take(length, "the header");
  const std::string_view text(reinterpret_cast<const char*>(header_bytes.data()), header_bytes.size());
  if (!text.starts_with('{')) {
    reader.fail("its header does not begin with \"{\"");
  }
  constexpr int kHeaderDepth = 4;
  const nlohmann::json header = parse_json(text, where, kHeaderDepth);
  SafetensorsContents contents;
  std::vector<Placed> entries;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      check_metadata(entry, where);
      contents.metadata = entry;
    } else {
      entries.push_back(EntryReader(name, entry, where).read());
    }
  }
  place(entries, file.subspan(reader.position()), where);
  contents.tensors.reserve(entries.size());
  for (Placed& entry : entries) {
    contents.tensors.push_back(std::move(entry.tensor));
  }
  return contents;
}

std::optional<std::string_view> safetensors_dtype(ElementType type) {
  for (const auto& [name, known] : kDtypes) {
    if (known == type) {
      return name;
    }
  }
  return std::nullopt;
}

std::unique_ptr<TensorStore> open_safetensors(const std::filesystem::path& path) {
  return std::make_unique<MappedSafetensors>(path);
}

}  // namespace everform
