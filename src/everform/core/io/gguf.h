// GGUF, llama.cpp's file of weights and metadata: versions 2 and 3, little-endian.
//
// magic "GGUF", u32 version, u64 tensors, u64 keys; keys: string, u32 type, value; tensors: string, u32
// dimensions, u64 extents (fastest first), u32 element type, u64 offset; padding; data. Strings are a u64
// length and bytes. Source: ggml's docs/gguf.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "everform/core/io/tensor_store.h"

namespace everform {

enum class GgufType : std::uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12
};

/// Bytes of one value; 0 for strings and arrays.
std::size_t gguf_type_bytes(GgufType type);

/// The number by which GGUF names an element type, nothing for types that it does not have (I64 and so on are
/// there, U8 and BOOL not).
std::optional<std::uint32_t> gguf_element_code(ElementType type);
std::optional<ElementType> element_type_from_gguf(std::uint32_t code);

/// One key with its exact stored type, so that it can be written again as it was.
struct GgufKey {
  std::string name;
  GgufType type = GgufType::kString;
  GgufType element = GgufType::kString;  ///< of an array
};

/// What a GGUF file holds; the tensors point into the bytes it was parsed from.
struct GgufContents {
  std::uint32_t version = 3;
  std::vector<GgufKey> keys;  ///< in the file's order
  nlohmann::json metadata =
      nlohmann::json::object();  ///< values by key; strings are the file's bytes as they are
  std::vector<TensorView> tensors;
};

inline constexpr std::size_t kGgufDefaultAlignment = 32;

/// Parses and checks a whole file: counts, lengths, types, duplicates, alignment, and that the tensors' data
/// follow each other in order, padded to the alignment, up to the end. Throws Error{kBadInput} at `where`.
GgufContents parse_gguf(std::span<const std::byte> file, const std::string& where);

/// A memory-mapped GGUF file.
class GgufStore : public TensorStore {
 public:
  virtual const std::vector<GgufKey>& keys() const = 0;
};
std::unique_ptr<GgufStore> open_gguf(const std::filesystem::path& path);

}  // namespace everform
