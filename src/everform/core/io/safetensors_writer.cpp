#include <cstring>
#include <set>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/safetensors.h"
#include "everform/core/io/tensor_size.h"

namespace everform {

namespace {

/// The header is written by hand so that the tensors keep their order; names and texts go through the JSON
/// library.
class HeaderBuilder {
 public:
  explicit HeaderBuilder(std::string where) : where_(std::move(where)) {}

  void metadata(const std::map<std::string, std::string>& texts) {
    if (!texts.empty()) {
      entry("__metadata__", nlohmann::json(texts));
    }
  }

  /// Returns the tensor's bytes.
  std::uint64_t tensor(const TensorToWrite& tensor) {
    const auto dtype = safetensors_dtype(tensor.type);
    if (!dtype) {
      throw Error(ErrorKind::kUsage, where_,
                  "safetensors has no element type " + std::string(element_name(tensor.type)),
                  "write f32, f16 or bf16, or a GGUF file");
    }
    const std::uint64_t bytes = tensor_bytes(tensor.type, tensor.shape, tensor.name, where_);
    entry(tensor.name,
          {{"dtype", *dtype}, {"shape", tensor.shape}, {"data_offsets", {offset_, offset_ + bytes}}});
    offset_ += bytes;
    return bytes;
  }

  /// Padded with spaces to a multiple of eight, so that the data are aligned.
  std::string finish() const {
    std::string text = "{" + entries_ + "}";
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
  }

 private:
  void entry(const std::string& name, const nlohmann::json& value) {
    if (!names_.insert(name).second) {
      throw Error(ErrorKind::kUsage, where_, "the tensor \"" + printable(name) + "\" is given twice");
    }
    entries_ += (entries_.empty() ? "" : ",") + json_to_text(name) + ":" + json_to_text(value);
  }

  std::string where_;
  std::string entries_;
  std::set<std::string> names_;
  std::uint64_t offset_ = 0;
};

}  // namespace

std::size_t write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                              const std::map<std::string, std::string>& metadata, FileSystemCalls& calls) {
  const std::string where = "writing " + path.string();
  HeaderBuilder builder(where);
  builder.metadata(metadata);
  std::vector<std::uint64_t> sizes;
  for (const TensorToWrite& tensor : tensors) {
    sizes.push_back(builder.tensor(tensor));
  }
  const std::string header = builder.finish();
  const std::uint64_t length = header.size();
  AtomicFile file(path, calls);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(header);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::span<const std::byte> data = tensors[i].produce();
    if (data.size() != sizes[i]) {
      throw Error(ErrorKind::kFailed, where,
                  "the tensor \"" + printable(tensors[i].name) + "\" has " + std::to_string(data.size()) +
                      " bytes instead of " + std::to_string(sizes[i]));
    }
    file.write(data);
  }
  file.commit();
  return file.size();
}

}  // namespace everform
