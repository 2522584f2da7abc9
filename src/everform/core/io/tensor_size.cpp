#include "everform/core/io/tensor_size.h"

#include "everform/core/base/error.h"

namespace everform {

std::uint64_t tensor_bytes(ElementType type, const std::vector<std::int64_t>& shape, const std::string& name,
                           const std::string& where) {
  const auto fail = [&](const std::string& problem) {
    throw Error(ErrorKind::kBadInput, where,
                "the tensor \"" + printable(name) + "\" of shape " + shape_text(shape) + " " + problem);
  };
  // 2^60 elements leave room for eight bytes each.
  constexpr std::int64_t kMostElements = std::int64_t{1} << 60;
  std::int64_t elements = 1;
  for (const std::int64_t extent : shape) {
    if (extent < 0 || __builtin_mul_overflow(elements, extent, &elements) || elements > kMostElements) {
      fail("has a negative extent or more elements than fit into 60 bits");
    }
  }
  const std::int64_t per_block = block_elements(type);
  const std::int64_t row = shape.empty() ? 1 : shape.back();
  if (row % per_block != 0) {
    fail("is " + std::string(element_name(type)) + ", whose rows are multiples of " +
         std::to_string(per_block));
  }
  return static_cast<std::uint64_t>(elements / per_block) * static_cast<std::uint64_t>(block_bytes(type));
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t extent : shape) {
    text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
  }
  return text + "]";
}

}  // namespace everform
