// A set of bytes as bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace everform::constraints {

class ByteBits {
 public:
  void add(std::uint8_t byte) { words_[byte / 64] |= std::uint64_t{1} << (byte % 64); }
  void add(const ByteBits& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      words_[i] |= other.words_[i];
    }
  }
  bool holds(const ByteBits& other) const {
    std::uint64_t missing = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      missing |= other.words_[i] & ~words_[i];
    }
    return missing == 0;
  }

 private:
  std::array<std::uint64_t, 4> words_{};
};

}  // namespace everform::constraints
