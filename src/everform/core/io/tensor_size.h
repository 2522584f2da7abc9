// The bytes that a tensor of some type and shape takes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "everform/core/io/element_type.h"

namespace everform {

/// Bytes of a row-major tensor. Throws Error{kBadInput} at `where` naming the tensor where an extent is
/// negative, the product overflows, or a row of a quantized type is no whole number of blocks.
std::uint64_t tensor_bytes(ElementType type, const std::vector<std::int64_t>& shape, const std::string& name,
                           const std::string& where);

/// "[3, 4]"
std::string shape_text(const std::vector<std::int64_t>& shape);

}  // namespace everform
