// Blocks built by hand, bit by bit, with weights known beforehand.
#include "everform/core/io/block_formats.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "everform/core/base/random.h"
#include "everform/core/io/element_type.h"
#include "everform/core/io/k_scales.h"

namespace everform {
namespace {

constexpr std::uint16_t kHalf = 0x3800;     // 0.5
constexpr std::uint16_t kQuarter = 0x3400;  // 0.25
constexpr std::uint16_t kTiny = 0x0001;     // 2^-24, a subnormal half

class Block {
 public:
  explicit Block(ElementType type) : type_(type), bytes_(static_cast<std::size_t>(block_bytes(type))) {}

  void half(std::size_t at, std::uint16_t bits) { std::memcpy(&bytes_[at], &bits, sizeof bits); }
  void byte(std::size_t at, int value) { bytes_[at] = static_cast<std::byte>(value); }
  /// Sets `count` bits at a bit position inside a byte.
  void bits(std::size_t at, int shift, int value) { bytes_[at] |= static_cast<std::byte>(value << shift); }

  std::vector<float> weights() const {
    std::vector<float> out(static_cast<std::size_t>(block_elements(type_)));
    dequantize(type_, bytes_, out);
    return out;
  }
  std::byte* data() { return bytes_.data(); }

 private:
  ElementType type_;
  std::vector<std::byte> bytes_;
};

/// Levels that differ between neighbours and use every bit.
int level(int i, int count) {
  return (i * 7 + i / 16 * 3 + 1) % count;
}

TEST(BlockFormats, Q4_0) {
  Block block(ElementType::kQ4_0);
  block.half(0, kHalf);
  for (int i = 0; i < 32; ++i) {
    block.bits(2 + i % 16, 4 * (i / 16), level(i, 16));
  }
  const std::vector<float> weights = block.weights();
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(weights[i], 0.5F * static_cast<float>(level(i, 16) - 8)) << i;
  }
}

TEST(BlockFormats, Q4_1WithASubnormalScale) {
  Block block(ElementType::kQ4_1);
  block.half(0, kTiny);
  block.half(2, 0xB400);  // -0.25
  for (int i = 0; i < 32; ++i) {
    block.bits(4 + i % 16, 4 * (i / 16), level(i, 16));
  }
  const std::vector<float> weights = block.weights();
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(weights[i], std::ldexp(static_cast<float>(level(i, 16)), -24) - 0.25F) << i;
  }
}

TEST(BlockFormats, Q5_0) {
  Block block(ElementType::kQ5_0);
  block.half(0, kQuarter);
  for (int i = 0; i < 32; ++i) {
    block.bits(6 + i % 16, 4 * (i / 16), level(i, 32) % 16);
    block.bits(2 + i / 8, i % 8, level(i, 32) / 16);
  }
  const std::vector<float> weights = block.weights();
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(weights[i], 0.25F * static_cast<float>(level(i, 32) - 16)) << i;
  }
}

TEST(BlockFormats, Q5_1) {
  Block block(ElementType::kQ5_1);
  block.half(0, kQuarter);
  block.half(2, 0xBC00);  // -1
  for (int i = 0; i < 32; ++i) {
    block.bits(8 + i % 16, 4 * (i / 16), level(i, 32) % 16);
    block.bits(4 + i / 8, i % 8, level(i, 32) / 16);
  }
  const std::vector<float> weights = block.weights();
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(weights[i], 0.25F * static_cast<float>(level(i, 32)) - 1.0F) << i;
  }
}

TEST(BlockFormats, Q8_0) {
  Block block(ElementType::kQ8_0);
  block.half(0, kHalf);
  for (int i = 0; i < 32; ++i) {
    block.byte(2 + i, i * 8 - 128);
  }
  const std::vector<float> weights = block.weights();
  for (int i = 0; i < 32; ++i) {
    EXPECT_EQ(weights[i], 0.5F * static_cast<float>(i * 8 - 128)) << i;
  }
}

TEST(BlockFormats, Q2_K) {
  Block block(ElementType::kQ2_K);
  block.half(80, kHalf);
  block.half(82, kQuarter);
  for (int group = 0; group < 16; ++group) {
    block.byte(group, group | ((15 - group) << 4));
  }
  for (int i = 0; i < 256; ++i) {
    block.bits(16 + i / 128 * 32 + i % 32, 2 * (i % 128 / 32), level(i, 4));
  }
  const std::vector<float> weights = block.weights();
  for (int i = 0; i < 256; ++i) {
    const int group = i / 16;
    const float expected =
        0.5F * static_cast<float>(group * level(i, 4)) - 0.25F * static_cast<float>(15 - group);
    EXPECT_EQ(weights[i], expected) << i;
  }
}

TEST(BlockFormats, Q3_K) {
  Block block(ElementType::kQ3_K);
  block.half(108, kHalf);
  const auto scale = [](int group) { return (group * 11 + 5) % 64; };
  for (int group = 0; group < 16; ++group) {
    block.bits(96 + group % 8, 4 * (group / 8), scale(group) % 16);
    block.bits(104 + group % 4, 2 * (group / 4), scale(group) / 16);
  }
  for (int i = 0; i < 256; ++i) {
    block.bits(32 + i / 128 * 32 + i % 32, 2 * (i % 128 / 32), level(i, 8) % 4);
    block.bits(i % 32, i / 32, level(i, 8) / 4);
  }
  const std::vector<float> weights = block.weights();
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(weights[i], 0.5F * static_cast<float>((scale(i / 16) - 32) * (level(i, 8) - 4))) << i;
  }
}

KScales distinct_scales() {
  KScales scales{};
  for (int group = 0; group < 8; ++group) {
    scales.scale[group] = static_cast<std::uint8_t>((group * 23 + 7) % 64);
    scales.minimum[group] = static_cast<std::uint8_t>((group * 13 + 60) % 64);
  }
  return scales;
}

TEST(BlockFormats, KScalesArePackedAsDocumented) {
  // Scale 5 = 0b110101: its low half in byte 9, its top two bits above scale 1 in byte 1.
  KScales scales{};
  scales.scale[1] = 9;
  scales.scale[5] = 0b110101;
  scales.minimum[5] = 0b101010;
  std::array<std::byte, 12> packed{};
  pack_k_scales(scales, packed.data());
  EXPECT_EQ(packed[1], static_cast<std::byte>(9 | (0b11 << 6)));
  EXPECT_EQ(packed[5], static_cast<std::byte>(0b10 << 6));
  EXPECT_EQ(packed[9], static_cast<std::byte>(0b0101 | (0b1010 << 4)));
  pack_k_scales(distinct_scales(), packed.data());
  EXPECT_EQ(unpack_k_scales(packed.data()).scale, distinct_scales().scale);
  EXPECT_EQ(unpack_k_scales(packed.data()).minimum, distinct_scales().minimum);
}

TEST(BlockFormats, Q4_K) {
  Block block(ElementType::kQ4_K);
  block.half(0, kHalf);
  block.half(2, kQuarter);
  pack_k_scales(distinct_scales(), block.data() + 4);
  for (int i = 0; i < 256; ++i) {
    block.bits(16 + i / 64 * 32 + i % 32, 4 * (i / 32 % 2), level(i, 16));
  }
  const std::vector<float> weights = block.weights();
  for (int i = 0; i < 256; ++i) {
    const float scale = 0.5F * static_cast<float>(distinct_scales().scale[i / 32]);
    const float minimum = 0.25F * static_cast<float>(distinct_scales().minimum[i / 32]);
    EXPECT_EQ(weights[i], scale * static_cast<float>(level(i, 16)) - minimum) << i;
  }
}

TEST(BlockFormats, Q5_K) {
  Block block(ElementType::kQ5_K);
  block.half(0, kHalf);
  block.half(2, kQuarter);
  pack_k_scales(distinct_scales(), block.data() + 4);
  for (int i = 0; i < 256; ++i) {
    block.bits(48 + i / 64 * 32 + i % 32, 4 * (i / 32 % 2), level(i, 32) % 16);
    block.bits(16 + i % 32, i / 32, level(i, 32) / 16);
  }
  const std::vector<float> weights = block.weights();
  for (int i = 0; i < 256; ++i) {
    const float scale = 0.5F * static_cast<float>(distinct_scales().scale[i / 32]);
    const float minimum = 0.25F * static_cast<float>(distinct_scales().minimum[i / 32]);
    EXPECT_EQ(weights[i], scale * static_cast<float>(level(i, 32)) - minimum) << i;
  }
}

TEST(BlockFormats, Q6_K) {
  Block block(ElementType::kQ6_K);
  block.half(208, kHalf);
  for (int group = 0; group < 16; ++group) {
    block.byte(192 + group, group * 16 - 128);
  }
  for (int i = 0; i < 256; ++i) {
    const int inside = i % 128;
    block.bits(64 * (i / 128) + inside % 64, 4 * (inside / 64), level(i, 64) % 16);
    block.bits(128 + 32 * (i / 128) + inside % 32, 2 * (inside / 32), level(i, 64) / 16);
  }
  const std::vector<float> weights = block.weights();
  for (int i = 0; i < 256; ++i) {
    EXPECT_EQ(weights[i], 0.5F * static_cast<float>((i / 16 * 16 - 128) * (level(i, 64) - 32))) << i;
  }
}

TEST(BlockFormats, ManyBlocksAreIndependent) {
  RandomStream random(1, "test.blocks");
  for (int i = static_cast<int>(ElementType::kQ4_0); i <= static_cast<int>(ElementType::kQ6_K); ++i) {
    const auto type = static_cast<ElementType>(i);
    const auto bytes = static_cast<std::size_t>(block_bytes(type));
    const auto elements = static_cast<std::size_t>(block_elements(type));
    std::vector<std::byte> data(3 * bytes);
    for (std::byte& byte : data) {
      byte = static_cast<std::byte>(random.below(64));  // keeps every half small and finite
    }
    std::vector<float> all(3 * elements);
    dequantize(type, data, all);
    for (std::size_t block = 0; block < 3; ++block) {
      std::vector<float> one(elements);
      dequantize(type, std::span(data).subspan(block * bytes, bytes), one);
      EXPECT_TRUE(
          std::equal(one.begin(), one.end(), all.begin() + static_cast<std::ptrdiff_t>(block * elements)));
    }
  }
}

}  // namespace
}  // namespace everform
