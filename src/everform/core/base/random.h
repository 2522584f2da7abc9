// Counter-based random streams: Philox4x32-10 (Salmon et al., SC 2011), keyed by (seed, purpose, step, item).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace everform {

/// One block of Philox4x32-10: 128 random bits from a 128-bit counter and a 64-bit key.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// A stream of random numbers that is a pure function of (seed, purpose, step, item): two streams with
/// different purposes, steps or items are independent, and nothing has to be saved to go on after a restart.
class RandomStream {
 public:
  /// @param seed the run's seed
  /// @param purpose what the numbers are for ("init", "dropout.layer3", "sampling"); hashed with FNV-1a
  /// @param step training step, or position in a sequence (48 bits are used)
  /// @param item index of the item in its batch or data set (32 bits are used)
  RandomStream(std::uint64_t seed, std::string_view purpose, std::uint64_t step = 0, std::uint64_t item = 0);

  std::uint32_t next_u32();
  std::uint64_t next_u64();
  /// Uniform in [0, 1) with 53 random bits.
  double uniform();
  /// Uniform in [low, high).
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// Standard normal (Box-Muller; one pair costs two draws).
  double normal();
  /// Uniform integer in [0, bound), without bias; bound > 0.
  std::uint64_t below(std::uint64_t bound);
  bool bernoulli(double p) { return uniform() < p; }

  void fill_uniform(std::span<float> out);
  void fill_normal(std::span<float> out, float mean = 0.0F, float deviation = 1.0F);

  /// Fisher-Yates shuffle.
  template <typename T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) {
      std::swap(values[i - 1], values[below(i)]);
    }
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
  bool has_spare_ = false;
  double spare_ = 0.0;
};

/// 64-bit FNV-1a of a text: stable across machines and versions.
std::uint64_t fnv1a64(std::string_view text);

}  // namespace everform
