// Vectors of floats for code that is written once and compiled for several instruction sets: every function
// here is inlined into its caller, whose target decides how a vector of N lanes becomes instructions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace everform {

template <int N>
struct Lanes {
  using Floats [[gnu::vector_size(N * sizeof(float))]] = float;
  using Ints [[gnu::vector_size(N * sizeof(std::int32_t))]] = std::int32_t;
};
template <int N>
using Floats = typename Lanes<N>::Floats;
template <int N>
using Ints = typename Lanes<N>::Ints;

#define EVERFORM_INLINE [[gnu::always_inline]] inline

template <int N>
EVERFORM_INLINE void load(const float* from, Floats<N>& x) {
  std::memcpy(&x, from, sizeof x);
}
template <int N>
EVERFORM_INLINE void store(float* to, const Floats<N>& x) {
  std::memcpy(to, &x, sizeof x);
}
template <int N>
EVERFORM_INLINE void fill(float value, Floats<N>& x) {
  x = value - Floats<N>{};
}

/// As float_to_bfloat16 (core/io/element_type.h), where a call for each number would cost more than the
/// rounding.
EVERFORM_INLINE std::uint32_t rounded_bfloat16(float value) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  const std::uint32_t nearest = (bits + 0x7fffU + ((bits >> 16U) & 1U)) >> 16U;
  const std::uint32_t quiet = (bits >> 16U) | 0x40U;
  return (bits & 0x7fffffffU) > 0x7f800000U ? quiet : nearest;
}

/// The sum of the lanes by halving: lane i is added to lane i + N/2, and so on.
template <int N>
EVERFORM_INLINE float sum_of(const Floats<N>& x) {
  float lanes[N];
  std::memcpy(lanes, &x, sizeof x);
  for (int half = N / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) {
      lanes[i] += lanes[i + half];
    }
  }
  return lanes[0];
}

/// The largest lane; NaN where one is NaN is not promised.
template <int N>
EVERFORM_INLINE float largest_of(const Floats<N>& x) {
  float lanes[N];
  std::memcpy(lanes, &x, sizeof x);
  for (int half = N / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) {
      lanes[i] = lanes[i + half] > lanes[i] ? lanes[i + half] : lanes[i];
    }
  }
  return lanes[0];
}

/// exp(x) within 2 units in the last place on [-86, 88]; 0 below, capped above; NaN stays.
/// 2^n times a polynomial (the Taylor series to the seventh term) on |r| <= ln(2)/2.
template <int N>
EVERFORM_INLINE void exponential(Floats<N>& x) {
  constexpr float kLow = -86.0F;
  constexpr float kHigh = 88.0F;
  constexpr float kRound = 12582912.0F;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  constexpr float kLog2E = 1.44269504F;
  constexpr float kLn2High = 0.693145752F;
  constexpr float kLn2Low = 1.42860677e-6F;
  const Ints<N> vanishes = x < kLow;
  x = x > kHigh ? kHigh - Floats<N>{} : x;
  const Floats<N> shifted = x * kLog2E + kRound;
  const Floats<N> n = shifted - kRound;
  const Floats<N> r = (x - n * kLn2High) - n * kLn2Low;
  Floats<N> y = r * (1.0F / 720.0F) + (1.0F / 120.0F);
  y = y * r + (1.0F / 24.0F);
  y = y * r + (1.0F / 6.0F);
  y = y * r + 0.5F;
  y = y * r + 1.0F;
  y = y * r + 1.0F;
  Ints<N> bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  Ints<N> result;
  std::memcpy(&result, &y, sizeof result);
  result += bits << 23;
  std::memcpy(&y, &result, sizeof y);
  x = vanishes ? Floats<N>{} : y;
}

}  // namespace everform
