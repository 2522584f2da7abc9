// Shuffled orders without a table: a keyed Feistel network with cycle walking (Black and Rogaway, CT-RSA
// 2002).
#pragma once

#include <array>
#include <cstdint>

namespace everform {

/// A permutation of [0, size) that is a pure function of (seed, epoch): O(1) memory, any position at once.
class Permutation {
 public:
  /// @param size at least 1
  Permutation(std::uint64_t size, std::uint64_t seed, std::uint64_t epoch);

  /// The element at `position` in [0, size).
  std::uint64_t operator()(std::uint64_t position) const;

 private:
  static constexpr int kRounds = 8;
  std::uint64_t encrypt(std::uint64_t value) const;

  std::uint64_t size_;
  int half_bits_ = 1;
  std::array<std::uint64_t, kRounds> keys_{};
};

}  // namespace everform
