#include "everform/core/io/tensor_store.h"

#include <array>
#include <cstring>
#include <fstream>

#include "everform/core/base/error.h"
#include "everform/core/io/gguf.h"
#include "everform/core/io/safetensors.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform {

namespace {

namespace fs = std::filesystem;

/// The first bytes of a file, fewer where it is shorter.
std::string first_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 16> bytes{};
  file.read(bytes.data(), bytes.size());
  if (!file && file.gcount() == 0 && !file.eof()) {
    throw Error(ErrorKind::kMissing, "reading " + path.string(), "it cannot be read",
                "check its permissions");
  }
  return {bytes.data(), static_cast<std::size_t>(file.gcount())};
}

/// PyTorch's files are a zip archive with a pickle inside, or a bare pickle (protocol 2 and up begins with
/// 0x80).
bool looks_like_pickle(const fs::path& path, const std::string& start) {
  const std::string extension = path.extension().string();
  const bool named = extension == ".pt" || extension == ".pth" || extension == ".bin" ||
                     extension == ".ckpt" || extension == ".pkl";
  const bool zip = start.starts_with("PK\x03\x04");
  const bool pickle = start.size() >= 2 && start[0] == '\x80' && start[1] >= 2 && start[1] <= 5;
  // A safetensors header may be 0x280 bytes long, but then a brace follows the eight bytes of the length.
  const bool safetensors = start.size() > 8 && start[8] == '{';
  return zip || (pickle && !safetensors) || (named && !safetensors && !start.starts_with("GGUF"));
}

[[noreturn]] void refuse_pickle(const fs::path& path) {
  throw Error(ErrorKind::kBadInput, "reading " + path.string(),
              "it is a pickle (PyTorch's .pt, .bin or .ckpt), which can run code when it is opened",
              "save the weights as safetensors");
}

std::unique_ptr<TensorStore> open_folder(const fs::path& folder) {
  std::error_code code;
  if (fs::exists(folder / "model.safetensors", code)) {
    return open_safetensors(folder / "model.safetensors");
  }
  if (fs::exists(folder / "model.safetensors.index.json", code)) {
    return open_sharded_safetensors(folder / "model.safetensors.index.json");
  }
  std::vector<fs::path> ggufs;
  for (const auto& entry : fs::directory_iterator(folder, code)) {
    if (entry.path().extension() == ".gguf") {
      ggufs.push_back(entry.path());
    }
  }
  if (ggufs.size() == 1) {
    return open_gguf(ggufs.front());
  }
  for (const char* name : {"pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "model.ckpt"}) {
    if (fs::exists(folder / name, code)) {
      refuse_pickle(folder / name);
    }
  }
  throw Error(
      ErrorKind::kMissing, "reading " + folder.string(),
      "the folder holds no model.safetensors, no model.safetensors.index.json and no single GGUF file",
      "name the file itself");
}

}  // namespace

std::int64_t TensorView::elements() const {
  std::int64_t product = 1;
  for (const std::int64_t extent : shape) {
    product *= extent;
  }
  return product;
}

const TensorView* TensorStore::find(const std::string& name) const {
  for (const TensorView& tensor : tensors()) {
    if (tensor.name == name) {
      return &tensor;
    }
  }
  return nullptr;
}

const TensorView& TensorStore::get(const std::string& name) const {
  if (const TensorView* tensor = find(name)) {
    return *tensor;
  }
  std::vector<std::string> names;
  for (const TensorView& tensor : tensors()) {
    names.push_back(tensor.name);
  }
  throw Error(ErrorKind::kBadInput, "reading " + path_.string(),
              "it has no tensor \"" + printable(name) + "\"",
              names.empty() ? "it holds no tensors" : suggestion(name, names));
}

std::vector<float> read_float32(const TensorView& tensor) {
  std::vector<float> values(static_cast<std::size_t>(tensor.elements()));
  dequantize(tensor.type, tensor.data, values);
  return values;
}

std::unique_ptr<TensorStore> open_tensor_store(const std::filesystem::path& path) {
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (!fs::exists(status)) {
    throw Error(ErrorKind::kMissing, "reading " + path.string(), "there is no such file or folder",
                "check the path");
  }
  if (fs::is_directory(status)) {
    return open_folder(path);
  }
  const std::string start = first_bytes(path);
  if (start.starts_with("GGUF")) {
    return open_gguf(path);
  }
  if (looks_like_pickle(path, start)) {
    refuse_pickle(path);
  }
  if (path.filename().string().ends_with(".index.json")) {
    return open_sharded_safetensors(path);
  }
  return open_safetensors(path);
}

}  // namespace everform
