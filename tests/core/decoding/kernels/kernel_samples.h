// Random weights of every stored type, for the tests of the kernels.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "everform/core/base/random.h"
#include "everform/core/io/element_type.h"
#include "everform/core/io/tensor_store.h"

namespace everform {

inline constexpr ElementType kQuantizedTypes[] = {ElementType::kQ4_0, ElementType::kQ4_1, ElementType::kQ5_0,
                                                  ElementType::kQ5_1, ElementType::kQ8_0, ElementType::kQ4_K,
                                                  ElementType::kQ5_K, ElementType::kQ6_K};
inline constexpr ElementType kPackedTypes[] = {ElementType::kQ4_0, ElementType::kQ4_1, ElementType::kQ5_0,
                                               ElementType::kQ5_1, ElementType::kQ8_0, ElementType::kQ4_K,
                                               ElementType::kQ5_K, ElementType::kQ6_K, ElementType::kF16,
                                               ElementType::kBF16, ElementType::kF32};

/// A tensor and the memory that its view points into.
struct OwnedTensor {
  std::vector<std::byte> memory;
  TensorView view;

  std::vector<float> values() const { return read_float32(view); }
};

/// Where the halves of a quantized block lie; all its other bytes may hold anything.
inline std::vector<std::size_t> half_positions(ElementType type) {
  switch (type) {
    case ElementType::kQ4_1:
    case ElementType::kQ5_1:
    case ElementType::kQ4_K:
    case ElementType::kQ5_K:
      return {0, 2};
    case ElementType::kQ6_K:
      return {208};
    case ElementType::kQ2_K:
      return {80, 82};
    case ElementType::kQ3_K:
      return {108};
    default:
      return {0};
  }
}

/// Every code and byte scale of a quantized type occurs; halves are between 0.01 and 0.1, of either sign.
inline OwnedTensor random_tensor(ElementType type, std::size_t outputs, std::size_t inputs) {
  OwnedTensor tensor;
  const auto elements = static_cast<std::size_t>(block_elements(type));
  const auto bytes = static_cast<std::size_t>(block_bytes(type));
  const std::size_t blocks = outputs * (inputs / elements);
  tensor.memory.resize(blocks * bytes);
  RandomStream random(3, element_name(type), outputs, inputs);
  const auto half = [&] {
    return float_to_half(static_cast<float>(random.uniform(0.01, 0.1) * (random.bernoulli(0.5) ? 1 : -1)));
  };
  for (std::size_t b = 0; b < blocks; ++b) {
    std::byte* block = tensor.memory.data() + b * bytes;
    if (is_quantized(type)) {
      for (std::size_t i = 0; i < bytes; ++i) {
        block[i] = static_cast<std::byte>(random.next_u32());
      }
      for (const std::size_t at : half_positions(type)) {
        const std::uint16_t value = half();
        std::memcpy(block + at, &value, sizeof value);
      }
      continue;
    }
    const auto value = static_cast<float>(random.normal());
    const std::uint16_t short_value =
        type == ElementType::kF16 ? float_to_half(value) : float_to_bfloat16(value);
    if (bytes == sizeof value) {
      std::memcpy(block, &value, sizeof value);
    } else {
      std::memcpy(block, &short_value, sizeof short_value);
    }
  }
  tensor.view = {.name = std::string(element_name(type)),
                 .type = type,
                 .shape = {static_cast<std::int64_t>(outputs), static_cast<std::int64_t>(inputs)},
                 .data = tensor.memory};
  return tensor;
}

}  // namespace everform
