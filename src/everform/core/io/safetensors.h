// safetensors: u64 length of a JSON header, the header {name: {dtype, shape, data_offsets}}, and the tensors'
// bytes without gaps. Little-endian. Source: the README of huggingface/safetensors.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/base/atomic_file.h"
#include "everform/core/io/tensor_store.h"
#include "everform/core/io/tensor_to_write.h"

namespace everform {

inline constexpr std::uint64_t kSafetensorsLongestHeader = 100'000'000;

/// What a safetensors file holds; the tensors point into the bytes it was parsed from.
struct SafetensorsContents {
  nlohmann::json metadata = nlohmann::json::object();  ///< "__metadata__": texts by name
  std::vector<TensorView> tensors;                     ///< in the order of their data
};

/// Parses and checks a whole file: header length, JSON, types, that every size agrees with its offsets and
/// that the data cover the rest of the file without overlap or gap. Throws Error{kBadInput} at `where`.
SafetensorsContents parse_safetensors(std::span<const std::byte> file, const std::string& where);

/// "F32", "BF16"; nothing for quantized types, which the format does not have.
std::optional<std::string_view> safetensors_dtype(ElementType type);

/// A memory-mapped safetensors file.
std::unique_ptr<TensorStore> open_safetensors(const std::filesystem::path& path);
/// A model in several files, as model.safetensors.index.json lists them.
std::unique_ptr<TensorStore> open_sharded_safetensors(const std::filesystem::path& index);

/// Writes a file through a temporary one and a rename; the same input gives the same bytes. Tensors stand in
/// the given order.
/// @return bytes of the file
/// Throws kUsage for a quantized type or a name given twice, kFailed where the disk refuses.
std::size_t write_safetensors(const std::filesystem::path& path, const std::vector<TensorToWrite>& tensors,
                              const std::map<std::string, std::string>& metadata = {},
                              FileSystemCalls& calls = system_calls());

}  // namespace everform
