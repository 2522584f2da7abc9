// The safetensors reader: a valid file is built from the fuzz data, then damaged; or the data are the file.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstring>

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

std::string build(FuzzedDataProvider& data) {
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
    const std::string name = data.ConsumeIntegralInRange(0, 20) == 0 ? "t0" : "t" + std::to_string(i);
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  std::string file;
  if (data.ConsumeIntegralInRange(0, 3) == 0) {
    file = data.ConsumeRemainingBytesAsString();
  } else {
    file = build(data);
    fuzz::corrupt(data, file);
  }
  const fuzz::MemoryFile memory({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()});
  try {
    use(*open_safetensors(memory.path()));
  } catch (const Error&) {
    // Refusing is what a reader is for.
  }
  return 0;
}
