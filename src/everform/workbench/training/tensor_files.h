// Named torch tensors in safetensors files.
#pragma once

#include <torch/types.h>

#include <filesystem>
#include <map>
#include <string>

#include "everform/core/base/atomic_file.h"

namespace everform {

using NamedTensors = std::map<std::string, torch::Tensor>;

/// Writes the tensors (moved to the CPU where they are elsewhere) in their own types, by the atomic route.
/// Throws Error{kFailed}.
void write_tensors(const std::filesystem::path& path, const NamedTensors& tensors,
                   const std::map<std::string, std::string>& metadata = {},
                   FileSystemCalls& calls = system_calls());

/// The tensors of a file, in memory of their own. Throws Error{kMissing}, Error{kBadInput}.
NamedTensors read_tensors(const std::filesystem::path& path);

}  // namespace everform
