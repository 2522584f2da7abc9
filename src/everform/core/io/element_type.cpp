#include "everform/core/io/element_type.h"

#include <array>
#include <cstring>
#include <string>

#include "everform/core/base/error.h"
#include "everform/core/io/block_formats.h"
#include "everform/core/io/half_precision.h"

namespace everform {

namespace {

struct Traits {
  std::string_view name;
  std::int64_t elements;
  std::int64_t bytes;
  bool floating;
};

// In the order of ElementType.
constexpr std::array<Traits, 20> kTraits = {{
    {"f64", 1, 8, true},       {"f32", 1, 4, true},       {"f16", 1, 2, true},
    {"bf16", 1, 2, true},      {"i64", 1, 8, false},      {"i32", 1, 4, false},
    {"i16", 1, 2, false},      {"i8", 1, 1, false},       {"u8", 1, 1, false},
    {"bool", 1, 1, false},     {"q4_0", 32, 18, false},   {"q4_1", 32, 20, false},
    {"q5_0", 32, 22, false},   {"q5_1", 32, 24, false},   {"q8_0", 32, 34, false},
    {"q2_k", 256, 84, false},  {"q3_k", 256, 110, false}, {"q4_k", 256, 144, false},
    {"q5_k", 256, 176, false}, {"q6_k", 256, 210, false},
}};

const Traits& traits(ElementType type) {
  return kTraits[static_cast<std::size_t>(type)];
}

template <typename T, typename Convert>
void convert_each(const std::byte* data, std::span<float> out, Convert convert) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    T value;
    std::memcpy(&value, data + i * sizeof(T), sizeof(T));
    out[i] = convert(value);
  }
}

template <typename T>
void convert_by_value(const std::byte* data, std::span<float> out) {
  convert_each<T>(data, out, [](T value) { return static_cast<float>(value); });
}

}  // namespace

std::string_view element_name(ElementType type) {
  return traits(type).name;
}
std::int64_t block_elements(ElementType type) {
  return traits(type).elements;
}
std::int64_t block_bytes(ElementType type) {
  return traits(type).bytes;
}
bool is_quantized(ElementType type) {
  return traits(type).elements > 1;
}
bool is_floating(ElementType type) {
  return traits(type).floating;
}

std::optional<ElementType> element_type_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kTraits.size(); ++i) {
    if (kTraits[i].name == name) {
      return static_cast<ElementType>(i);
    }
  }
  return std::nullopt;
}

void dequantize(ElementType type, std::span<const std::byte> data, std::span<float> out) {
  const auto per_block = static_cast<std::size_t>(block_elements(type));
  const auto bytes = static_cast<std::size_t>(block_bytes(type));
  const std::size_t blocks = out.size() / per_block;
  if (out.size() % per_block != 0 || data.size() % bytes != 0 || data.size() / bytes != blocks) {
    throw Error(ErrorKind::kBadInput, "converting " + std::string(element_name(type)) + " to float32",
                std::to_string(data.size()) + " bytes are not " + std::to_string(out.size()) + " elements");
  }
  switch (type) {
    case ElementType::kF64:
      return convert_by_value<double>(data.data(), out);
    case ElementType::kF32:
      if (!out.empty()) {
        std::memcpy(out.data(), data.data(), data.size());
      }
      return;
    case ElementType::kF16:
      return halves_to_floats(data.data(), out);
    case ElementType::kBF16:
      return bfloat16s_to_floats(data.data(), out);
    case ElementType::kI64:
      return convert_by_value<std::int64_t>(data.data(), out);
    case ElementType::kI32:
      return convert_by_value<std::int32_t>(data.data(), out);
    case ElementType::kI16:
      return convert_by_value<std::int16_t>(data.data(), out);
    case ElementType::kI8:
      return convert_by_value<std::int8_t>(data.data(), out);
    case ElementType::kU8:
      return convert_by_value<std::uint8_t>(data.data(), out);
    case ElementType::kBool:
      return convert_each<std::uint8_t>(data.data(), out,
                                        [](std::uint8_t v) { return v != 0 ? 1.0F : 0.0F; });
    case ElementType::kQ4_0:
      return dequantize_q4_0(data.data(), blocks, out.data());
    case ElementType::kQ4_1:
      return dequantize_q4_1(data.data(), blocks, out.data());
    case ElementType::kQ5_0:
      return dequantize_q5_0(data.data(), blocks, out.data());
    case ElementType::kQ5_1:
      return dequantize_q5_1(data.data(), blocks, out.data());
    case ElementType::kQ8_0:
      return dequantize_q8_0(data.data(), blocks, out.data());
    case ElementType::kQ2_K:
      return dequantize_q2_k(data.data(), blocks, out.data());
    case ElementType::kQ3_K:
      return dequantize_q3_k(data.data(), blocks, out.data());
    case ElementType::kQ4_K:
      return dequantize_q4_k(data.data(), blocks, out.data());
    case ElementType::kQ5_K:
      return dequantize_q5_k(data.data(), blocks, out.data());
    case ElementType::kQ6_K:
      return dequantize_q6_k(data.data(), blocks, out.data());
  }
}

}  // namespace everform
