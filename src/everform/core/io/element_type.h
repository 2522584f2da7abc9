// Types of stored tensor elements, plain and in quantized blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace everform {

enum class ElementType {
  kF64,
  kF32,
  kF16,
  kBF16,
  kI64,
  kI32,
  kI16,
  kI8,
  kU8,
  kBool,
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K
};

/// Lower-case name: "f32", "q4_k".
std::string_view element_name(ElementType type);
/// The type of a name, nothing where there is none.
std::optional<ElementType> element_type_from_name(std::string_view name);

/// Elements in one block: 1 for plain types, 32 for Q4_0..Q8_0, 256 for the K types.
std::int64_t block_elements(ElementType type);
/// Bytes of one block.
std::int64_t block_bytes(ElementType type);
bool is_quantized(ElementType type);
bool is_floating(ElementType type);

/// Converts `out.size()` elements to float32. `data` must hold exactly their bytes; out.size() a multiple of
/// block_elements(type). Integer types convert by value. Throws Error{kBadInput} where the sizes do not
/// agree.
void dequantize(ElementType type, std::span<const std::byte> data, std::span<float> out);

float half_to_float(std::uint16_t bits);
std::uint16_t float_to_half(float value);
float bfloat16_to_float(std::uint16_t bits);
std::uint16_t float_to_bfloat16(float value);

}  // namespace everform
