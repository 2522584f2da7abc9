#include "everform/core/decoding/kernels/block_quantizer.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "everform/core/decoding/kernels/activation_rows.h"

#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12's own intrinsics begin with a vector that is left undefined on purpose (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#define EVERFORM_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq")))
#endif

namespace everform {
namespace {

constexpr float kLargestQuant = 127.0F;
constexpr float kZeroBelow = 1e-30F;

void write_block(float scale, std::int32_t first_sum, std::int32_t second_sum, const Int8BlockPlace& to) {
  const auto put = [&](std::size_t part, std::size_t index, auto value) {
    std::memcpy(to.block + part + index * sizeof value, &value, sizeof value);
  };
  const std::int32_t sum = first_sum + second_sum;
  put(ActivationRows::scales_at(to.width), to.row, scale);
  put(ActivationRows::scaled_sums_at(to.width), to.row, scale * static_cast<float>(sum));
  put(ActivationRows::minus_8_sums_at(to.width), to.row, -8 * sum);
  put(ActivationRows::minus_128_sums_at(to.width), to.row, -128 * sum);
  put(ActivationRows::minus_32_halves_at(to.width), 2 * to.row, -32 * first_sum);
  put(ActivationRows::minus_32_halves_at(to.width), 2 * to.row + 1, -32 * second_sum);
}

// The scale of a block without quants, or the factor that makes quants of values.
struct BlockScale {
  float scale = 0.0F;
  float factor = 0.0F;
};

// @param magnitude_bits the greatest of the block: the bits of a non-negative float order as integers do,
// with infinity and NaN on top
BlockScale scale_of(std::uint32_t magnitude_bits) {
  const auto magnitude = std::bit_cast<float>(magnitude_bits);
  if (!std::isfinite(magnitude)) {
    return {.scale = std::numeric_limits<float>::quiet_NaN()};
  }
  if (magnitude < kZeroBelow) {
    return {};
  }
  return {.scale = magnitude / kLargestQuant, .factor = kLargestQuant / magnitude};
}

void quantize_plainly(const float* values, const Int8BlockPlace& to) {
  constexpr std::size_t kHalf = kActivationBlock / 2;
  std::uint32_t greatest = 0;
  for (std::size_t i = 0; i < kActivationBlock; ++i) {
    greatest = std::max(greatest, std::bit_cast<std::uint32_t>(values[i]) & 0x7FFFFFFFU);
  }
  const BlockScale scale = scale_of(greatest);
  std::int8_t quants[kActivationBlock] = {};
  std::int32_t sums[2] = {0, 0};
  if (scale.factor != 0.0F) {
    for (std::size_t i = 0; i < kActivationBlock; ++i) {
      quants[i] = static_cast<std::int8_t>(std::lrintf(values[i] * scale.factor));
      sums[i / kHalf] += quants[i];
    }
  }
  std::memcpy(to.block + to.row * kActivationBlock, quants, sizeof quants);
  write_block(scale.scale, sums[0], sums[1], to);
}

#if defined(__x86_64__)
EVERFORM_AVX512 void quantize_avx512(const float* values, const Int8BlockPlace& to) {
  const __m512 first = _mm512_loadu_ps(values);
  const __m512 second = _mm512_loadu_ps(values + 16);
  const __m512i magnitude_mask = _mm512_set1_epi32(0x7FFFFFFF);
  const __m512i greatest = _mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(first), magnitude_mask),
                                            _mm512_and_si512(_mm512_castps_si512(second), magnitude_mask));
  const BlockScale scale = scale_of(_mm512_reduce_max_epu32(greatest));
  // A zero factor marks a block that counts as zero; its values may be infinite.
  const __mmask16 keep = scale.factor != 0.0F ? 0xFFFF : 0;
  const __m512 factor = _mm512_set1_ps(scale.factor);
  const __m512i q0 = _mm512_maskz_cvtps_epi32(keep, _mm512_mul_ps(first, factor));
  const __m512i q1 = _mm512_maskz_cvtps_epi32(keep, _mm512_mul_ps(second, factor));
  std::byte* quants = to.block + to.row * kActivationBlock;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(quants), _mm512_cvtepi32_epi8(q0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(quants + 16), _mm512_cvtepi32_epi8(q1));
  write_block(scale.scale, _mm512_reduce_add_epi32(q0), _mm512_reduce_add_epi32(q1), to);
}
#endif

}  // namespace

std::vector<BlockQuantizer> supported_block_quantizers() {
  std::vector<BlockQuantizer> quantizers;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
    quantizers.push_back(quantize_avx512);
  }
#endif
  quantizers.push_back(quantize_plainly);
  return quantizers;
}

BlockQuantizer best_block_quantizer() {
  return supported_block_quantizers().front();
}

}  // namespace everform
