// From float32 to any element type that Everform writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "everform/core/io/element_type.h"

namespace everform {

/// Types that quantize() writes: F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K.
bool can_quantize(ElementType type);

/// The type that rows of this length get when `wanted` is asked for, as llama.cpp's quantizer falls back:
/// Q4_K to Q5_0, Q5_K to Q5_1, Q6_K to Q8_0 where the row is no multiple of 256; F16 where it is no multiple
/// of 32.
ElementType type_for_rows(ElementType wanted, std::int64_t row_elements);

/// Converts rows. Every block is converted on its own, so the result does not depend on the number of
/// threads.
/// @param name of the tensor, for errors
/// Throws Error{kFailed} for values that the type cannot hold: infinite or NaN ones in a quantized type, ones
/// beyond 65504 in halves; Error{kUsage} for a type that is not written.
std::vector<std::byte> quantize(ElementType type, std::span<const float> values, const std::string& name);

}  // namespace everform
