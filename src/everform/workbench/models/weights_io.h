// Parameters of a module in and out of files, by name.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "everform/core/io/decoder_checkpoint.h"
#include "everform/core/io/safetensors.h"
#include "everform/core/io/tensor_store.h"
#include "everform/workbench/models/transformer.h"

namespace everform {

/// A stored tensor as a torch tensor of its own memory: plain types keep their type, quantized ones become
/// float32.
torch::Tensor to_torch(const TensorView& view);

/// A torch tensor as one to be written under `name`. Throws Error{kUsage} for types that files do not have.
TensorToWrite to_stored(const std::string& name, const torch::Tensor& tensor);

/// Parameters of a module with their names, each tensor once however many modules share it.
std::vector<std::pair<std::string, torch::Tensor>> unique_parameters(const torch::nn::Module& module);

/// Name of the stored tensor that holds a parameter.
using ParameterName = std::function<std::string(const std::string& parameter)>;

/// Copies every parameter of `module` from the store, converted to the parameter's type. Throws
/// Error{kBadInput} where one is absent or has another shape.
/// @param stored_name maps a parameter's name; none: it is the same
void load_parameters(torch::nn::Module& module, const TensorStore& store,
                     const ParameterName& stored_name = {});
void load_parameters(torch::nn::Module& module, DecoderCheckpoint& checkpoint);

/// A decoder from any file or folder that open_decoder() reads, in float32.
std::shared_ptr<Transformer> load_transformer(const std::filesystem::path& path);

/// Writes the module's parameters to one safetensors file, atomically, in their own types.
void save_parameters(const torch::nn::Module& module, const std::filesystem::path& file);

/// Writes model.safetensors and config.json into an existing folder. open_decoder() and load_transformer()
/// read it back where the network is a plain decoder; TransformerOptions are not stored.
void save_transformer(const Transformer& transformer, const std::filesystem::path& folder);

}  // namespace everform
