#include <array>
#include <cstdint>
#include <cstring>

#include "everform/core/io/block_formats.h"
#include "everform/core/io/element_type.h"
#include "everform/core/io/k_scales.h"

namespace everform {

namespace {

constexpr int kBlock = 256;

float load_half(const std::byte* at) {
  std::uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return half_to_float(bits);
}

int bits_at(std::byte value, int shift, int mask) {
  return (static_cast<int>(value) >> shift) & mask;
}

}  // namespace

void dequantize_q2_k(const std::byte* data, std::size_t blocks, float* out) {
  for (std::size_t block = 0; block < blocks; ++block, data += 84, out += kBlock) {
    const std::byte* scales = data;
    const std::byte* quants = data + 16;
    const float d = load_half(data + 80);
    const float dmin = load_half(data + 82);
    // Group g of 16 weights: half g/8 of the block, shift 2*((g%8)/2), 16 bytes at 16*(g%2) of that
    // half's 32.
    for (int group = 0; group < 16; ++group) {
      const float scale = d * static_cast<float>(bits_at(scales[group], 0, 15));
      const float minimum = dmin * static_cast<float>(bits_at(scales[group], 4, 15));
      const std::byte* from = quants + 32 * (group / 8) + 16 * (group % 2);
      const int shift = 2 * ((group % 8) / 2);
      for (int j = 0; j < 16; ++j) {
        out[16 * group + j] = scale * static_cast<float>(bits_at(from[j], shift, 3)) - minimum;
      }
    }
  }
}

void dequantize_q3_k(const std::byte* data, std::size_t blocks, float* out) {
  for (std::size_t block = 0; block < blocks; ++block, data += 110, out += kBlock) {
    const std::byte* third = data;
    const std::byte* quants = data + 32;
    const std::byte* scales = data + 96;
    const float d = load_half(data + 108);
    for (int group = 0; group < 16; ++group) {
      const int low = bits_at(scales[group % 8], 4 * (group / 8), 15);
      const int high = bits_at(scales[8 + group % 4], 2 * (group / 4), 3);
      const float scale = d * static_cast<float>((low | (high << 4)) - 32);
      const std::byte* from = quants + 32 * (group / 8) + 16 * (group % 2);
      const std::byte* third_from = third + 16 * (group % 2);
      const int shift = 2 * ((group % 8) / 2);
      for (int j = 0; j < 16; ++j) {
        // A clear third bit means minus four.
        const int q = bits_at(from[j], shift, 3) + 4 * bits_at(third_from[j], group / 2, 1) - 4;
        out[16 * group + j] = scale * static_cast<float>(q);
      }
    }
  }
}

void dequantize_q4_k(const std::byte* data, std::size_t blocks, float* out) {
  for (std::size_t block = 0; block < blocks; ++block, data += 144, out += kBlock) {
    const float d = load_half(data);
    const float dmin = load_half(data + 2);
    const KScales scales = unpack_k_scales(data + 4);
    for (int group = 0; group < 8; ++group) {
      const float scale = d * static_cast<float>(scales.scale[group]);
      const float minimum = dmin * static_cast<float>(scales.minimum[group]);
      const std::byte* from = data + 16 + 32 * (group / 2);
      const int shift = 4 * (group % 2);
      for (int j = 0; j < 32; ++j) {
        out[32 * group + j] = scale * static_cast<float>(bits_at(from[j], shift, 15)) - minimum;
      }
    }
  }
}

void dequantize_q5_k(const std::byte* data, std::size_t blocks, float* out) {
  for (std::size_t block = 0; block < blocks; ++block, data += 176, out += kBlock) {
    const float d = load_half(data);
    const float dmin = load_half(data + 2);
    const KScales scales = unpack_k_scales(data + 4);
    const std::byte* fifth = data + 16;
    for (int group = 0; group < 8; ++group) {
      const float scale = d * static_cast<float>(scales.scale[group]);
      const float minimum = dmin * static_cast<float>(scales.minimum[group]);
      const std::byte* from = data + 48 + 32 * (group / 2);
      const int shift = 4 * (group % 2);
      for (int j = 0; j < 32; ++j) {
        const int q = bits_at(from[j], shift, 15) | (bits_at(fifth[j], group, 1) << 4);
        out[32 * group + j] = scale * static_cast<float>(q) - minimum;
      }
    }
  }
}

void dequantize_q6_k(const std::byte* data, std::size_t blocks, float* out) {
  for (std::size_t block = 0; block < blocks; ++block, data += 210, out += kBlock) {
    const std::byte* scales = data + 192;
    const float d = load_half(data + 208);
    // Groups of 32 inside each half of 128: low bits at 64*half + 32*(group%2), nibble group/2; high bits
    // 32*half, shift 2*group.
    for (int half = 0; half < 2; ++half) {
      for (int group = 0; group < 4; ++group) {
        const std::byte* low = data + 64 * half + 32 * (group % 2);
        const std::byte* high = data + 128 + 32 * half;
        float* to = out + 128 * half + 32 * group;
        for (int part = 0; part < 2; ++part) {
          const auto scale_bits = static_cast<std::int8_t>(scales[8 * half + 2 * group + part]);
          const float scale = d * static_cast<float>(scale_bits);
          for (int j = 16 * part; j < 16 * part + 16; ++j) {
            const int q = bits_at(low[j], 4 * (group / 2), 15) | (bits_at(high[j], 2 * group, 3) << 4);
            to[j] = scale * static_cast<float>(q - 32);
          }
        }
      }
    }
  }
}

}  // namespace everform
