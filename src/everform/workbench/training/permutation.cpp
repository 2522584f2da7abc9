#include "everform/workbench/training/permutation.h"

#include "everform/core/base/random.h"

namespace everform {
namespace {

// The finalizer of splitmix64 (Steele et al., OOPSLA 2014): every input bit reaches every output bit.
std::uint64_t scramble(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

Permutation::Permutation(std::uint64_t size, std::uint64_t seed, std::uint64_t epoch) : size_(size) {
  while (half_bits_ < 32 && (std::uint64_t{1} << (2 * half_bits_)) < size) {
    ++half_bits_;
  }
  RandomStream random(seed, "permutation", epoch);
  for (std::uint64_t& key : keys_) {
    key = random.next_u64();
  }
}

std::uint64_t Permutation::encrypt(std::uint64_t value) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  std::uint64_t left = value >> half_bits_;
  std::uint64_t right = value & mask;
  for (const std::uint64_t key : keys_) {
    const std::uint64_t next = left ^ (scramble(right ^ key) & mask);
    left = right;
    right = next;
  }
  return (left << half_bits_) | right;
}

std::uint64_t Permutation::operator()(std::uint64_t position) const {
  // The network permutes a power of four; what falls outside [0, size) goes on along its cycle until it comes
  // back inside.
  do {
    position = encrypt(position);
  } while (position >= size_);
  return position;
}

}  // namespace everform
