#include "everform/core/io/quantize.h"

#include <cmath>
#include <cstring>

#include "everform/core/base/error.h"
#include "everform/core/base/threads.h"
#include "everform/core/io/block_quantizers.h"
#include "everform/core/io/half_precision.h"

namespace everform {

namespace {

using BlockQuantizer = void (*)(const float*, std::size_t, std::byte*);

BlockQuantizer block_quantizer(ElementType type) {
  switch (type) {
    case ElementType::kQ4_0:
      return quantize_q4_0;
    case ElementType::kQ4_1:
      return quantize_q4_1;
    case ElementType::kQ5_0:
      return quantize_q5_0;
    case ElementType::kQ5_1:
      return quantize_q5_1;
    case ElementType::kQ8_0:
      return quantize_q8_0;
    case ElementType::kQ4_K:
      return quantize_q4_k;
    case ElementType::kQ5_K:
      return quantize_q5_k;
    case ElementType::kQ6_K:
      return quantize_q6_k;
    default:
      return nullptr;
  }
}

/// Largest magnitude whose scales, halves in every block format, stay finite.
constexpr float kLargestHalf = 65504.0F;

void check_values(ElementType type, std::span<const float> values, const std::string& name) {
  const bool halves = type != ElementType::kF32 && type != ElementType::kBF16;
  if (!halves) {
    return;
  }
  for (const float value : values) {
    const bool too_large = std::abs(value) > kLargestHalf && std::isfinite(value);
    if (too_large || (is_quantized(type) && !std::isfinite(value))) {
      throw Error(ErrorKind::kFailed,
                  "converting the tensor \"" + printable(name) + "\" to " + std::string(element_name(type)),
                  "it holds " + std::to_string(value) + ", which the type cannot hold", "choose bf16 or f32");
    }
  }
}

void convert_plain(ElementType type, std::span<const float> values, std::byte* out) {
  switch (type) {
    case ElementType::kF32:
      std::memcpy(out, values.data(), values.size_bytes());
      return;
    case ElementType::kF16:
      floats_to_halves(values, out);
      return;
    default:
      floats_to_bfloat16s(values, out);
      return;
  }
}

}  // namespace

bool can_quantize(ElementType type) {
  return type == ElementType::kF32 || type == ElementType::kF16 || type == ElementType::kBF16 ||
         block_quantizer(type) != nullptr;
}

ElementType type_for_rows(ElementType wanted, std::int64_t row_elements) {
  ElementType type = wanted;
  if (row_elements % block_elements(type) != 0) {
    switch (type) {
      case ElementType::kQ4_K:
        type = ElementType::kQ5_0;
        break;
      case ElementType::kQ5_K:
        type = ElementType::kQ5_1;
        break;
      case ElementType::kQ6_K:
        type = ElementType::kQ8_0;
        break;
      default:
        break;
    }
  }
  return row_elements % block_elements(type) == 0 ? type : ElementType::kF16;
}

std::vector<std::byte> quantize(ElementType type, std::span<const float> values, const std::string& name) {
  const auto per_block = static_cast<std::size_t>(block_elements(type));
  if (!can_quantize(type) || values.size() % per_block != 0) {
    throw Error(ErrorKind::kUsage,
                "converting the tensor \"" + printable(name) + "\" to " + std::string(element_name(type)),
                "this type is not written, or its blocks do not divide the rows");
  }
  check_values(type, values, name);
  const auto bytes = static_cast<std::size_t>(block_bytes(type));
  std::vector<std::byte> out(values.size() / per_block * bytes);
  const BlockQuantizer quantizer = block_quantizer(type);
  constexpr std::size_t kGrainElements = 1 << 15;
  default_pool().parallel_for(
      out.size() / bytes, kGrainElements / per_block, [&](std::size_t begin, std::size_t end) {
        const std::span<const float> part = values.subspan(begin * per_block, (end - begin) * per_block);
        if (quantizer != nullptr) {
          quantizer(part.data(), end - begin, out.data() + begin * bytes);
        } else {
          convert_plain(type, part, out.data() + begin * bytes);
        }
      });
  return out;
}

}  // namespace everform
