#include "everform/core/io/half_precision.h"

#include <bit>
#include <cstring>

#include "everform/core/io/element_type.h"

namespace everform {

namespace {

constexpr std::uint32_t kFloatInfinity = 0x7F800000U;

}  // namespace

float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16U;
  const std::uint32_t exponent = bits & 0x7C00U;
  const std::uint32_t fraction = bits & 0x03FFU;
  // 0.5 + fraction * 2^-24 - 0.5 is a subnormal half's value, by normal numbers only: it also holds where the
  // processor flushes float32 subnormals to zero.
  const float subnormal = std::bit_cast<float>(0x3F000000U | fraction) - 0.5F;
  const std::uint32_t special = kFloatInfinity | (fraction << 13U);
  const std::uint32_t normal = ((exponent | fraction) << 13U) + (112U << 23U);
  const std::uint32_t finite = exponent == 0 ? std::bit_cast<std::uint32_t>(subnormal) : normal;
  return std::bit_cast<float>(sign | (exponent == 0x7C00U ? special : finite));
}

std::uint16_t float_to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16U) & 0x8000U);
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > kFloatInfinity) {
    return static_cast<std::uint16_t>(sign | 0x7E00U | ((magnitude >> 13U) & 0x03FFU));
  }
  // 65520 is halfway between the largest half and the next step; it and all above round to infinity.
  constexpr std::uint32_t kFirstInfinite = 0x477FF000U;
  if (magnitude >= kFirstInfinite) {
    return static_cast<std::uint16_t>(sign | 0x7C00U);
  }
  constexpr std::uint32_t kSmallestNormal = 0x38800000U;
  if (magnitude >= kSmallestNormal) {
    const std::uint32_t odd = (magnitude >> 13U) & 1U;
    const std::uint32_t rounded = magnitude + 0x0FFFU + odd - (112U << 23U);
    return static_cast<std::uint16_t>(sign | (rounded >> 13U));
  }
  // Subnormal: adding 0.5 lets the float unit round to a multiple of 2^-24, to nearest even.
  const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
  return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U));
}

float bfloat16_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
}

std::uint16_t float_to_bfloat16(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > kFloatInfinity) {
    return static_cast<std::uint16_t>((bits >> 16U) | 0x0040U);
  }
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

namespace {

template <float (*kConvert)(std::uint16_t)>
void widen(const std::byte* data, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint16_t bits;
    std::memcpy(&bits, data + 2 * i, sizeof bits);
    out[i] = kConvert(bits);
  }
}

template <std::uint16_t (*kConvert)(float)>
void narrow(std::span<const float> values, std::byte* out) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint16_t bits = kConvert(values[i]);
    std::memcpy(out + 2 * i, &bits, sizeof bits);
  }
}

}  // namespace

void halves_to_floats(const std::byte* data, std::span<float> out) {
  widen<half_to_float>(data, out);
}
void bfloat16s_to_floats(const std::byte* data, std::span<float> out) {
  widen<bfloat16_to_float>(data, out);
}
void floats_to_halves(std::span<const float> values, std::byte* out) {
  narrow<float_to_half>(values, out);
}
void floats_to_bfloat16s(std::span<const float> values, std::byte* out) {
  narrow<float_to_bfloat16>(values, out);
}

}  // namespace everform
