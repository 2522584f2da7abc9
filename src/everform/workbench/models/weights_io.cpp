#include "everform/workbench/models/weights_io.h"

#include <array>
#include <cstring>
#include <set>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/json_text.h"

namespace everform {

namespace {

constexpr std::array<std::pair<ElementType, at::ScalarType>, 10> kTypes = {{
    {ElementType::kF64, at::kDouble},
    {ElementType::kF32, at::kFloat},
    {ElementType::kF16, at::kHalf},
    {ElementType::kBF16, at::kBFloat16},
    {ElementType::kI64, at::kLong},
    {ElementType::kI32, at::kInt},
    {ElementType::kI16, at::kShort},
    {ElementType::kI8, at::kChar},
    {ElementType::kU8, at::kByte},
    {ElementType::kBool, at::kBool},
}};

std::string shape_text(at::IntArrayRef shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + "]";
}

void copy_into(torch::Tensor parameter, const TensorView& view, const std::string& where) {
  if (parameter.sizes() != at::IntArrayRef(view.shape)) {
    throw Error(ErrorKind::kBadInput, where,
                "\"" + printable(view.name) + "\" is " + shape_text(view.shape) +
                    ", but the configuration asks for " + shape_text(parameter.sizes()));
  }
  const torch::NoGradGuard no_grad;
  parameter.copy_(to_torch(view));
}

}  // namespace

torch::Tensor to_torch(const TensorView& view) {
  for (const auto& [stored, type] : kTypes) {
    if (stored == view.type) {
      torch::Tensor tensor = torch::empty(view.shape, torch::dtype(type));
      if (tensor.nbytes() != view.data.size()) {
        throw Error(ErrorKind::kBadInput, "reading the tensor " + printable(view.name),
                    "it holds " + std::to_string(view.data.size()) + " bytes, its shape asks for " +
                        std::to_string(tensor.nbytes()));
      }
      std::memcpy(tensor.data_ptr(), view.data.data(), view.data.size());
      return tensor;
    }
  }
  torch::Tensor tensor = torch::empty(view.shape, torch::dtype(at::kFloat));
  dequantize(view.type, view.data, {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())});
  return tensor;
}

TensorToWrite to_stored(const std::string& name, const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.detach().cpu().contiguous();
  for (const auto& [stored, type] : kTypes) {
    if (type == plain.scalar_type()) {
      return {.name = name, .type = stored, .shape = plain.sizes().vec(), .produce = [plain] {
                return std::span(static_cast<const std::byte*>(plain.const_data_ptr()), plain.nbytes());
              }};
    }
  }
  throw Error(
      ErrorKind::kUsage, "writing the tensor " + name,
      std::string("its type ") + c10::toString(plain.scalar_type()) + " has no place in a safetensors file",
      "convert it to f32 first");
}

std::vector<std::pair<std::string, torch::Tensor>> unique_parameters(const torch::nn::Module& module) {
  std::vector<std::pair<std::string, torch::Tensor>> out;
  std::set<const void*> seen;
  for (const auto& entry : module.named_parameters()) {
    if (seen.insert(entry.value().unsafeGetTensorImpl()).second) {
      out.emplace_back(entry.key(), entry.value());
    }
  }
  return out;
}

void load_parameters(torch::nn::Module& module, const TensorStore& store, const ParameterName& stored_name) {
  const std::string where = "loading " + store.path().string();
  for (const auto& [name, parameter] : unique_parameters(module)) {
    copy_into(parameter, store.get(stored_name ? stored_name(name) : name), where);
  }
}

void load_parameters(torch::nn::Module& module, DecoderCheckpoint& checkpoint) {
  const std::string where = "loading " + checkpoint.path().string();
  for (const auto& [name, parameter] : unique_parameters(module)) {
    if (!checkpoint.has(name)) {
      throw Error(ErrorKind::kBadInput, where, "it has no tensor \"" + name + "\"");
    }
    copy_into(parameter, checkpoint.tensor(name), where);
  }
}

std::shared_ptr<Transformer> load_transformer(const std::filesystem::path& path) {
  const auto checkpoint = open_decoder(path);
  auto transformer = std::make_shared<Transformer>(checkpoint->config());
  load_parameters(*transformer, *checkpoint);
  transformer->eval();
  return transformer;
}

void save_parameters(const torch::nn::Module& module, const std::filesystem::path& file) {
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, parameter] : unique_parameters(module)) {
    tensors.push_back(to_stored(name, parameter));
  }
  write_safetensors(file, tensors, {{"format", "pt"}});
}

void save_transformer(const Transformer& transformer, const std::filesystem::path& folder) {
  save_parameters(transformer, folder / "model.safetensors");
  write_file(folder / "config.json", json_to_text(to_json(transformer.config()), 2) + "\n");
}

}  // namespace everform
