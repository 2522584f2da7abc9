// Whole arrays between float32 and the two 16-bit formats; single values are in element_type.h.
#pragma once

#include <cstddef>
#include <span>

namespace everform {

/// @param data 2 * out.size() bytes of IEEE binary16, at any alignment
void halves_to_floats(const std::byte* data, std::span<float> out);
/// @param data 2 * out.size() bytes of bfloat16, at any alignment
void bfloat16s_to_floats(const std::byte* data, std::span<float> out);
/// Rounds to nearest even. @param out 2 * values.size() bytes, at any alignment
void floats_to_halves(std::span<const float> values, std::byte* out);
/// Rounds to nearest even. @param out 2 * values.size() bytes, at any alignment
void floats_to_bfloat16s(std::span<const float> values, std::byte* out);

}  // namespace everform
