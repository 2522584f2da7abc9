#include <cstdint>
#include <cstring>

#include "everform/core/io/block_formats.h"
#include "everform/core/io/element_type.h"

namespace everform {

namespace {

constexpr int kHalfBlock = 16;
constexpr int kBlock = 32;

float load_half(const std::byte* at) {
  std::uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return half_to_float(bits);
}

std::uint32_t load_u32(const std::byte* at) {
  std::uint32_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return bits;
}

int low_bits(std::byte value) {
  return static_cast<int>(value) & 15;
}
int high_bits(std::byte value) {
  return static_cast<int>(value) >> 4;
}
int fifth_bit(std::uint32_t bits, int index) {
  return static_cast<int>((bits >> index) & 1U) << 4;
}

}  // namespace

void dequantize_q4_0(const std::byte* data, std::size_t blocks, float* out) {
  for (std::size_t block = 0; block < blocks; ++block, data += 18, out += kBlock) {
    const float d = load_half(data);
    for (int j = 0; j < kHalfBlock; ++j) {
      out[j] = d * static_cast<float>(low_bits(data[2 + j]) - 8);
      out[j + kHalfBlock] = d * static_cast<float>(high_bits(data[2 + j]) - 8);
    }
  }
}

void dequantize_q4_1(const std::byte* data, std::size_t blocks, float* out) {
  for (std::size_t block = 0; block < blocks; ++block, data += 20, out += kBlock) {
    const float d = load_half(data);
    const float m = load_half(data + 2);
    for (int j = 0; j < kHalfBlock; ++j) {
      out[j] = d * static_cast<float>(low_bits(data[4 + j])) + m;
      out[j + kHalfBlock] = d * static_cast<float>(high_bits(data[4 + j])) + m;
    }
  }
}

void dequantize_q5_0(const std::byte* data, std::size_t blocks, float* out) {
  for (std::size_t block = 0; block < blocks; ++block, data += 22, out += kBlock) {
    const float d = load_half(data);
    const std::uint32_t fifth = load_u32(data + 2);
    for (int j = 0; j < kHalfBlock; ++j) {
      const int low = low_bits(data[6 + j]) | fifth_bit(fifth, j);
      const int high = high_bits(data[6 + j]) | fifth_bit(fifth, j + kHalfBlock);
      out[j] = d * static_cast<float>(low - 16);
      out[j + kHalfBlock] = d * static_cast<float>(high - 16);
    }
  }
}

void dequantize_q5_1(const std::byte* data, std::size_t blocks, float* out) {
  for (std::size_t block = 0; block < blocks; ++block, data += 24, out += kBlock) {
    const float d = load_half(data);
    const float m = load_half(data + 2);
    const std::uint32_t fifth = load_u32(data + 4);
    for (int j = 0; j < kHalfBlock; ++j) {
      const int low = low_bits(data[8 + j]) | fifth_bit(fifth, j);
      const int high = high_bits(data[8 + j]) | fifth_bit(fifth, j + kHalfBlock);
      out[j] = d * static_cast<float>(low) + m;
      out[j + kHalfBlock] = d * static_cast<float>(high) + m;
    }
  }
}

void dequantize_q8_0(const std::byte* data, std::size_t blocks, float* out) {
  for (std::size_t block = 0; block < blocks; ++block, data += 34, out += kBlock) {
    const float d = load_half(data);
    for (int j = 0; j < kBlock; ++j) {
      out[j] = d * static_cast<float>(static_cast<std::int8_t>(data[2 + j]));
    }
  }
}

}  // namespace everform
