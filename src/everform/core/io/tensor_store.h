// A file or folder of named tensors, whatever its format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "everform/core/io/element_type.h"

namespace everform {

/// One stored tensor; `data` points into memory that its store owns (usually a memory map).
struct TensorView {
  std::string name;
  ElementType type = ElementType::kF32;
  std::vector<std::int64_t> shape;  ///< row-major, outermost first (PyTorch's order)
  std::span<const std::byte> data;

  std::int64_t elements() const;
};

/// Read access to a set of named tensors.
class TensorStore {
 public:
  virtual ~TensorStore() = default;
  /// "safetensors" or "gguf".
  virtual std::string format() const = 0;
  /// In the file's order.
  virtual const std::vector<TensorView>& tensors() const = 0;
  /// The file's own key-value data.
  virtual const nlohmann::json& metadata() const = 0;

  /// Gives the memory of a tensor's mapped data back to the system; the view stays valid and is read from the
  /// file again when it is used.
  virtual void release(const TensorView& /*tensor*/) const {}

  /// nullptr where absent.
  const TensorView* find(const std::string& name) const;
  /// Throws Error{kBadInput} naming the store and the nearest names where absent.
  const TensorView& get(const std::string& name) const;
  const std::filesystem::path& path() const { return path_; }

 protected:
  std::filesystem::path path_;
};

/// All elements as float32.
std::vector<float> read_float32(const TensorView& tensor);

/// Opens a .safetensors file, a model.safetensors.index.json, a folder that holds either, or a GGUF file;
/// recognised by content. Throws kMissing where absent, kBadInput where the content is no such file or lies
/// about itself. Pickles are refused by name.
std::unique_ptr<TensorStore> open_tensor_store(const std::filesystem::path& path);

}  // namespace everform
