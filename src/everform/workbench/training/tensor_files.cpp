#include "everform/workbench/training/tensor_files.h"

#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/io/safetensors.h"
#include "everform/workbench/models/weights_io.h"

namespace everform {
namespace {

ElementType element_type(const torch::Tensor& tensor, const std::string& name) {
  switch (tensor.scalar_type()) {
    case at::kDouble:
      return ElementType::kF64;
    case at::kFloat:
      return ElementType::kF32;
    case at::kHalf:
      return ElementType::kF16;
    case at::kBFloat16:
      return ElementType::kBF16;
    case at::kLong:
      return ElementType::kI64;
    case at::kInt:
      return ElementType::kI32;
    case at::kShort:
      return ElementType::kI16;
    case at::kChar:
      return ElementType::kI8;
    case at::kByte:
      return ElementType::kU8;
    case at::kBool:
      return ElementType::kBool;
    default:
      throw Error(ErrorKind::kFailed, "writing the tensor " + name,
                  std::string("its type, ") + at::toString(tensor.scalar_type()) +
                      ", has no place in a safetensors file");
  }
}

}  // namespace

void write_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                   const std::map<std::string, std::string>& metadata, FileSystemCalls& calls) {
  std::vector<TensorToWrite> entries;
  torch::Tensor current;  // holds the bytes of the tensor that is being written
  for (const auto& [name, tensor] : tensors) {
    entries.push_back({name, element_type(tensor, name), tensor.sizes().vec(), [&current, &tensor] {
                         current = tensor.detach().to(torch::kCPU).contiguous();
                         return std::span(static_cast<const std::byte*>(current.const_data_ptr()),
                                          current.nbytes());
                       }});
  }
  write_safetensors(path, entries, metadata, calls);
}

NamedTensors read_tensors(const std::filesystem::path& path) {
  const std::unique_ptr<TensorStore> store = open_safetensors(path);
  NamedTensors tensors;
  for (const TensorView& view : store->tensors()) {
    tensors[view.name] = to_torch(view);
  }
  return tensors;
}

}  // namespace everform
