#include "everform/core/decoding/kernels/panel_packing.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "everform/core/decoding/kernels/cache_line_vector.h"
#include "everform/core/io/k_scales.h"

namespace everform {
namespace {

using Codes = std::array<std::uint8_t, kActivationBlock>;

// Sixteen bytes of nibble pairs: low halves are inputs 0..15, high halves 16..31.
void split_halves(const std::byte* from, Codes& codes) {
  for (std::size_t j = 0; j < 16; ++j) {
    const auto pair = std::to_integer<std::uint8_t>(from[j]);
    codes[j] = pair & 15U;
    codes[16 + j] = static_cast<std::uint8_t>(pair >> 4U);
  }
}

void add_fifth_bits(const std::byte* from, Codes& codes) {
  std::uint32_t bits;
  std::memcpy(&bits, from, sizeof bits);
  for (std::size_t j = 0; j < kActivationBlock; ++j) {
    codes[j] = static_cast<std::uint8_t>(codes[j] | (((bits >> j) & 1U) << 4U));
  }
}

// Thirty-two bytes of nibble pairs, of which the block is one half.
void split_one_half(const std::byte* from, unsigned shift, Codes& codes) {
  for (std::size_t j = 0; j < kActivationBlock; ++j) {
    codes[j] = static_cast<std::uint8_t>((std::to_integer<unsigned>(from[j]) >> shift) & 15U);
  }
}

void add_high_bits(const std::byte* from, unsigned shift, unsigned mask, Codes& codes) {
  for (std::size_t j = 0; j < kActivationBlock; ++j) {
    const unsigned high = (std::to_integer<unsigned>(from[j]) >> shift) & mask;
    codes[j] = static_cast<std::uint8_t>(codes[j] | (high << 4U));
  }
}

// The unsigned codes of block `block` of a stored row.
void read_codes(ElementType type, const std::byte* row, std::size_t block, Codes& codes) {
  const auto bytes = static_cast<std::size_t>(block_bytes(type));
  const bool super = block_elements(type) > static_cast<std::int64_t>(kActivationBlock);
  const std::byte* at = row + (super ? block / kSuperBlocks : block) * bytes;
  const std::size_t group = block % kSuperBlocks;
  switch (type) {
    case ElementType::kQ4_0:
      return split_halves(at + 2, codes);
    case ElementType::kQ4_1:
      return split_halves(at + 4, codes);
    case ElementType::kQ5_0:
      split_halves(at + 6, codes);
      return add_fifth_bits(at + 2, codes);
    case ElementType::kQ5_1:
      split_halves(at + 8, codes);
      return add_fifth_bits(at + 4, codes);
    case ElementType::kQ4_K:
      return split_one_half(at + 16 + 32 * (group / 2), 4 * (group % 2), codes);
    case ElementType::kQ5_K:
      split_one_half(at + 48 + 32 * (group / 2), 4 * (group % 2), codes);
      return add_high_bits(at + 16, static_cast<unsigned>(group), 1, codes);
    case ElementType::kQ6_K:
      split_one_half(at + 64 * (group / 4) + 32 * (group % 2), 4 * (group / 2 % 2), codes);
      return add_high_bits(at + 128 + 32 * (group / 4), 2 * (group % 4), 3, codes);
    default:  // Q8_0
      for (std::size_t j = 0; j < kActivationBlock; ++j) {
        codes[j] = static_cast<std::uint8_t>(std::to_integer<unsigned>(at[2 + j]) ^ 0x80U);
      }
  }
}

// Four codes side by side.
std::uint32_t word_at(const Codes& codes, std::size_t group) {
  std::uint32_t word;
  std::memcpy(&word, codes.data() + 4 * group, sizeof word);
  return word;
}

void write_high_bits(const PanelLayout& layout, const Codes& codes, std::size_t output, std::byte* high) {
  const std::size_t lines = layout.high_bytes / kCacheLine;
  const auto bits = static_cast<unsigned>(lines);  // one line for one bit of each code
  const std::size_t groups = 8 / lines;
  const std::uint32_t mask = bits == 1 ? 0x01010101U : 0x03030303U;
  for (std::size_t line = 0; line < lines; ++line) {
    std::uint32_t word = 0;
    for (std::size_t g = 0; g < groups; ++g) {
      word |= ((word_at(codes, line * groups + g) >> 4U) & mask) << (bits * g);
    }
    std::memcpy(high + line * kCacheLine + 4 * output, &word, sizeof word);
  }
}

void write_codes(const PanelLayout& layout, const Codes& codes, std::size_t block, std::size_t output,
                 std::byte* panel) {
  const auto parts = layout.parts(panel, block);
  std::byte* to = parts.codes + 4 * output;
  if (layout.type == ElementType::kQ8_0) {
    for (std::size_t g = 0; g < 8; ++g) {
      std::memcpy(to + g * kCacheLine, codes.data() + 4 * g, 4);
    }
    return;
  }
  for (std::size_t g = 0; g < 4; ++g) {
    const std::uint32_t pairs =
        (word_at(codes, g) & 0x0F0F0F0FU) | ((word_at(codes, g + 4) & 0x0F0F0F0FU) << 4U);
    std::memcpy(to + g * kCacheLine, &pairs, sizeof pairs);
  }
  if (layout.high_bytes > 0) {
    write_high_bits(layout, codes, output, parts.high);
  }
}

void write_scales(const PanelLayout& layout, const std::byte* row, std::size_t block, std::size_t output,
                  std::byte* panel) {
  const auto bytes = static_cast<std::size_t>(block_bytes(layout.type));
  const std::size_t super = block / kSuperBlocks;
  const std::size_t group = block % kSuperBlocks;
  const auto parts = layout.parts(panel, block);
  const auto half_to = [&](std::byte* part, std::size_t index, const std::byte* from) {
    std::memcpy(part + 2 * (index * kPanelOutputs + output), from, 2);
  };
  const auto byte_to = [&](std::size_t index, auto value) {
    parts.scales[index * kPanelOutputs + output] = static_cast<std::byte>(value);
  };
  switch (layout.scale_kind) {
    case ScaleKind::kHalf:
      return half_to(parts.scales, 0, row + block * bytes);
    case ScaleKind::kHalfPair:
      half_to(parts.scales, 0, row + block * bytes);
      return half_to(parts.scales, 1, row + block * bytes + 2);
    case ScaleKind::kSuperPair: {
      const std::byte* at = row + super * bytes;
      const KScales unpacked = unpack_k_scales(at + 4);
      byte_to(0, unpacked.scale[group]);
      byte_to(1, unpacked.minimum[group]);
      half_to(parts.supers, 0, at);
      return half_to(parts.supers, 1, at + 2);
    }
    case ScaleKind::kSuperHalf: {
      const std::byte* at = row + super * bytes;
      byte_to(0, at[192 + 2 * group]);
      byte_to(1, at[192 + 2 * group + 1]);
      return half_to(parts.supers, 0, at + 208);
    }
    case ScaleKind::kNone:
      return;
  }
}

void pack_values(const PanelLayout& layout, const std::byte* row, std::size_t output, std::byte* panel) {
  const auto bytes = static_cast<std::size_t>(block_bytes(layout.type));
  const std::size_t together = layout.type == ElementType::kBF16 ? 2 : 1;  // inputs side by side
  for (std::size_t k = 0; k < layout.inputs; ++k) {
    const std::size_t at = (k / together * kPanelOutputs + output) * together + k % together;
    std::memcpy(panel + at * bytes, row + k * bytes, bytes);
  }
}

}  // namespace

void pack_panel(const PanelLayout& layout, std::span<const std::byte* const> rows,
                std::span<std::byte> panel) {
  std::fill(panel.begin(), panel.end(), std::byte{0});
  for (std::size_t output = 0; output < rows.size(); ++output) {
    if (layout.scale_kind == ScaleKind::kNone) {
      pack_values(layout, rows[output], output, panel.data());
      continue;
    }
    for (std::size_t block = 0; block < layout.blocks; ++block) {
      Codes codes;
      read_codes(layout.type, rows[output], block, codes);
      write_codes(layout, codes, block, output, panel.data());
      write_scales(layout, rows[output], block, output, panel.data());
    }
  }
}

}  // namespace everform
