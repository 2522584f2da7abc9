#include "everform/core/io/element_type.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/io/half_precision.h"

namespace everform {
namespace {

/// Value of a half by the standard's formula, as a slow reference.
double half_by_formula(std::uint16_t bits) {
  const double sign = (bits & 0x8000U) != 0 ? -1.0 : 1.0;
  const int exponent = (bits >> 10) & 31;
  const int fraction = bits & 1023;
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<double>::infinity() : std::nan("");
  }
  return exponent == 0 ? sign * std::ldexp(fraction, -24) : sign * std::ldexp(1024 + fraction, exponent - 25);
}

TEST(Half, EveryValueIsExactAndComesBack) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    const double expected = half_by_formula(half);
    const float value = half_to_float(half);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value)) << bits;
      EXPECT_TRUE(std::isnan(half_to_float(float_to_half(value)))) << bits;
      continue;
    }
    EXPECT_EQ(value, expected) << bits;
    EXPECT_EQ(std::signbit(value), (bits & 0x8000U) != 0) << bits;
    EXPECT_EQ(float_to_half(value), half) << bits;
  }
}

TEST(Half, RoundsToNearestEven) {
  // Between every two neighbours: the middle goes to the even one, a little beside it to the nearer one.
  for (std::uint32_t bits = 0; bits < 0x7BFF; ++bits) {
    const double low = half_by_formula(static_cast<std::uint16_t>(bits));
    const double high = half_by_formula(static_cast<std::uint16_t>(bits + 1));
    const auto middle = static_cast<float>((low + high) / 2);
    EXPECT_EQ(float_to_half(middle), bits + (bits & 1U)) << bits;
    EXPECT_EQ(float_to_half(std::nextafter(middle, 0.0F)), bits) << bits;
    EXPECT_EQ(float_to_half(std::nextafter(middle, 1e9F)), bits + 1) << bits;
    EXPECT_EQ(float_to_half(-middle), 0x8000U | (bits + (bits & 1U))) << bits;
  }
}

TEST(Half, GoesToInfinityOnlyFromHalfAStepAboveTheLargest) {
  EXPECT_EQ(float_to_half(65519.996F), 0x7BFF);
  EXPECT_EQ(float_to_half(65520.0F), 0x7C00);
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::max()), 0x7C00);
  EXPECT_EQ(float_to_half(-std::numeric_limits<float>::infinity()), 0xFC00);
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_TRUE(std::isnan(half_to_float(float_to_half(std::bit_cast<float>(0x7F800001U)))));
}

TEST(Bfloat16, RoundsToNearestEvenAndKeepsNan) {
  EXPECT_EQ(float_to_bfloat16(1.0F), 0x3F80);
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3F808000U)), 0x3F80);  // tie, even below
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3F818000U)), 0x3F82);  // tie, even above
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3F808001U)), 0x3F81);
  EXPECT_EQ(float_to_bfloat16(std::numeric_limits<float>::max()), 0x7F80);
  EXPECT_EQ(float_to_bfloat16(-0.0F), 0x8000);
  EXPECT_TRUE(std::isnan(bfloat16_to_float(float_to_bfloat16(std::bit_cast<float>(0x7F800001U)))));
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = bfloat16_to_float(static_cast<std::uint16_t>(bits));
    if (!std::isnan(value)) {
      EXPECT_EQ(float_to_bfloat16(value), bits);
    }
  }
}

template <typename T>
std::vector<float> widened(ElementType type, const std::vector<T>& values) {
  std::vector<float> out(values.size());
  dequantize(type, std::as_bytes(std::span(values)), out);
  return out;
}

TEST(Dequantize, ConvertsPlainTypesByValue) {
  EXPECT_EQ(widened<double>(ElementType::kF64, {0.5, -3.25}), (std::vector<float>{0.5F, -3.25F}));
  EXPECT_EQ(widened<float>(ElementType::kF32, {1.5F, -2.0F}), (std::vector<float>{1.5F, -2.0F}));
  EXPECT_EQ(widened<std::uint16_t>(ElementType::kF16, {0x3C00, 0xC000}), (std::vector<float>{1.0F, -2.0F}));
  EXPECT_EQ(widened<std::uint16_t>(ElementType::kBF16, {0x3F80, 0xC000}), (std::vector<float>{1.0F, -2.0F}));
  EXPECT_EQ(widened<std::int64_t>(ElementType::kI64, {-7, 1 << 20}), (std::vector<float>{-7.0F, 1048576.0F}));
  EXPECT_EQ(widened<std::int32_t>(ElementType::kI32, {-7, 8}), (std::vector<float>{-7.0F, 8.0F}));
  EXPECT_EQ(widened<std::int16_t>(ElementType::kI16, {-7, 8}), (std::vector<float>{-7.0F, 8.0F}));
  EXPECT_EQ(widened<std::int8_t>(ElementType::kI8, {-128, 127}), (std::vector<float>{-128.0F, 127.0F}));
  EXPECT_EQ(widened<std::uint8_t>(ElementType::kU8, {0, 255}), (std::vector<float>{0.0F, 255.0F}));
  EXPECT_EQ(widened<std::uint8_t>(ElementType::kBool, {0, 1, 2}), (std::vector<float>{0.0F, 1.0F, 1.0F}));
}

TEST(Dequantize, RefusesSizesThatDoNotAgree) {
  std::vector<std::byte> data(18);
  std::vector<float> out(32);
  EXPECT_NO_THROW(dequantize(ElementType::kQ4_0, data, out));
  EXPECT_THROW(dequantize(ElementType::kQ4_0, std::span(data).first(17), out), Error);
  EXPECT_THROW(dequantize(ElementType::kQ4_0, data, std::span(out).first(31)), Error);
  EXPECT_THROW(dequantize(ElementType::kF32, data, out), Error);
  EXPECT_NO_THROW(dequantize(ElementType::kF32, {}, {}));
}

TEST(ElementNames, ComeBack) {
  for (int i = 0; i <= static_cast<int>(ElementType::kQ6_K); ++i) {
    const auto type = static_cast<ElementType>(i);
    EXPECT_EQ(element_type_from_name(element_name(type)), type);
  }
  EXPECT_EQ(element_name(ElementType::kQ4_K), "q4_k");
  EXPECT_EQ(element_type_from_name("q9_z"), std::nullopt);
}

}  // namespace
}  // namespace everform
