// A tensor on its way into a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "everform/core/io/element_type.h"

namespace everform {

/// `produce` gives the bytes when their turn comes, so that a model need not be in memory as a whole; they
/// need only last until the next tensor's turn.
struct TensorToWrite {
  std::string name;
  ElementType type = ElementType::kF32;
  std::vector<std::int64_t> shape;  ///< row-major, outermost first
  std::function<std::span<const std::byte>()> produce;
};

}  // namespace everform
