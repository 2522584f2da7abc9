#include <array>
#include <utility>

#include "everform/core/io/gguf.h"

namespace everform {

namespace {

constexpr std::array<std::pair<std::uint32_t, ElementType>, 18> kCodes = {{
    {0, ElementType::kF32},
    {1, ElementType::kF16},
    {2, ElementType::kQ4_0},
    {3, ElementType::kQ4_1},
    {6, ElementType::kQ5_0},
    {7, ElementType::kQ5_1},
    {8, ElementType::kQ8_0},
    {10, ElementType::kQ2_K},
    {11, ElementType::kQ3_K},
    {12, ElementType::kQ4_K},
    {13, ElementType::kQ5_K},
    {14, ElementType::kQ6_K},
    {24, ElementType::kI8},
    {25, ElementType::kI16},
    {26, ElementType::kI32},
    {27, ElementType::kI64},
    {28, ElementType::kF64},
    {30, ElementType::kBF16},
}};

}  // namespace

std::size_t gguf_type_bytes(GgufType type) {
  constexpr std::array<std::size_t, 13> kBytes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return kBytes[static_cast<std::size_t>(type)];
}

std::optional<std::uint32_t> gguf_element_code(ElementType type) {
  for (const auto& [code, element] : kCodes) {
    if (element == type) {
      return code;
    }
  }
  return std::nullopt;
}

std::optional<ElementType> element_type_from_gguf(std::uint32_t code) {
  for (const auto& [known, element] : kCodes) {
    if (known == code) {
      return element;
    }
  }
  return std::nullopt;
}

}  // namespace everform
