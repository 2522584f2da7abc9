// The safetensors readers: a valid file, or an index with two shards, is built from the fuzz data, then
// damaged; or the data are the file.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "corruption.h"
#include "everform/core/base/error.h"
#include "everform/core/io/safetensors.h"
#include "memory_file.h"

namespace {

using namespace everform;

struct Dtype {
  const char* name;
  std::size_t bytes;
};
constexpr Dtype kDtypes[] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},    {"I32", 4},
                             {"I16", 2}, {"I8", 1},  {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}};

/// A piece of JSON that does not belong where a number, text or list is expected.
std::string foreign_json(FuzzedDataProvider& data) {
  constexpr const char* kPieces[] = {"-1",
                                     "1.5",
                                     "1e400",
                                     "\"x\"",
                                     "[]",
                                     "{}",
                                     "null",
                                     "true",
                                     "18446744073709551616",
                                     "9223372036854775807",
                                     "[[[[[[0]]]]]]",
                                     "\"\\ud800\"",
                                     "[1,2,3,4,5,6,7,8,9,10]"};
  return data.PickValueInArray(kPieces);
}

/// Mostly `good`, now and then something else.
std::string or_foreign(FuzzedDataProvider& data, const std::string& good) {
  return data.ConsumeIntegralInRange(0, 40) == 0 ? foreign_json(data) : good;
}

/// @param prefix begins the tensors' names @param names gets them
std::string build(FuzzedDataProvider& data, const std::string& prefix, std::vector<std::string>& names) {
  std::string header = "{";
  if (data.ConsumeBool()) {
    header += "\"__metadata__\":" + or_foreign(data, "{\"format\":" + or_foreign(data, "\"pt\"") + "}");
  }
  std::size_t offset = 0;
  const int tensors = data.ConsumeIntegralInRange(0, 5);
  for (int i = 0; i < tensors; ++i) {
    const Dtype dtype = data.PickValueInArray(kDtypes);
    std::size_t bytes = dtype.bytes;
    std::string shape;
    const int dimensions = data.ConsumeIntegralInRange(0, 3);
    for (int d = 0; d < dimensions; ++d) {
      const auto extent = data.ConsumeIntegralInRange<std::size_t>(0, 5);
      bytes *= extent;
      shape += (d == 0 ? "" : ",") + or_foreign(data, std::to_string(extent));
    }
    const std::string name = prefix + (data.ConsumeIntegralInRange(0, 20) == 0 ? "0" : std::to_string(i));
    names.push_back(name);
    const std::string begin = or_foreign(data, std::to_string(offset));
    const std::string end = or_foreign(data, std::to_string(offset + bytes));
    header +=
        (header.size() == 1 ? "\"" : ",\"") + name + "\":" +
        or_foreign(data, "{\"dtype\":" + or_foreign(data, "\"" + std::string(dtype.name) + "\"") +
                             ",\"shape\":" + or_foreign(data, "[" + shape + "]") +
                             ",\"data_offsets\":" + or_foreign(data, "[" + begin + "," + end + "]") + "}");
    offset += bytes;
  }
  header += "}";
  const std::uint64_t length = header.size();
  std::string file(sizeof length, '\0');
  std::memcpy(file.data(), &length, sizeof length);
  return file + header + std::string(offset, '\x3c');
}

/// Every byte that a reader hands out must be readable.
void use(const TensorStore& store) {
  for (const TensorView& tensor : store.tensors()) {
    const std::vector<float> values = read_float32(tensor);
    if (values.size() != static_cast<std::size_t>(tensor.elements()) || store.find(tensor.name) == nullptr) {
      std::abort();
    }
  }
  static_cast<void>(store.metadata().dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

/// A folder of this process for files that must lie beside each other.
class ShardFolder {
 public:
  ShardFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "safetensors-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
      std::abort();
    }
    path_ = name;
  }
  ~ShardFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ShardFolder(const ShardFolder&) = delete;
  ShardFolder& operator=(const ShardFolder&) = delete;

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// An index of two shards. Names that it lists, files that it names and the shards may each be wrong.
std::filesystem::path write_shards(FuzzedDataProvider& data) {
  static const ShardFolder folder;
  constexpr const char* kFiles[] = {"a.safetensors",   "b.safetensors", "../a.safetensors", "a.bin", "",
                                    "none.safetensors"};
  std::string map;
  for (int shard = 0; shard < 2; ++shard) {
    std::vector<std::string> names;
    std::string file = build(data, shard == 0 ? "a" : "b", names);
    if (data.ConsumeIntegralInRange(0, 3) == 0) {
      fuzz::corrupt(data, file);
    }
    folder.write(kFiles[shard], file);
    for (const std::string& name : names) {
      if (data.ConsumeIntegralInRange(0, 30) == 0) {
        continue;
      }
      const std::string listed =
          data.ConsumeIntegralInRange(0, 30) == 0 ? data.PickValueInArray(kFiles) : kFiles[shard];
      map += (map.empty() ? "\"" : ",\"") + name + "\":" + or_foreign(data, "\"" + listed + "\"");
    }
  }
  std::string index = "{\"metadata\":" + or_foreign(data, "{\"total_size\":1}") +
                      ",\"weight_map\":" + or_foreign(data, "{" + map + "}") + "}";
  if (data.ConsumeIntegralInRange(0, 3) == 0) {
    fuzz::corrupt(data, index);
  }
  return folder.write("model.safetensors.index.json", index);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  const int mode = data.ConsumeIntegralInRange(0, 3);
  try {
    if (mode == 3) {
      use(*open_sharded_safetensors(write_shards(data)));
      return 0;
    }
    std::string file;
    if (mode == 0) {
      file = data.ConsumeRemainingBytesAsString();
    } else {
      std::vector<std::string> names;
      file = build(data, "t", names);
      fuzz::corrupt(data, file);
    }
    const fuzz::MemoryFile memory({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()});
    use(*open_safetensors(memory.path()));
  } catch (const Error&) {
    // Refusing is what a reader is for.
  }
  return 0;
}
