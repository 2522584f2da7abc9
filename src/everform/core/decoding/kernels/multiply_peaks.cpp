#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "everform/core/decoding/kernels/machine_roof.h"
#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12's own intrinsics begin with a vector that is left undefined on purpose (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>
#endif

namespace everform {
namespace {

constexpr int kChains = 12;  // enough to hide the latency of any of the instructions
constexpr std::int64_t kRounds = 200'000;
constexpr int kRepeats = 5;

// Does kRounds rounds of kChains independent vector multiply-adds; returns their multiply-adds.
using Burst = double (*)();

#if defined(__x86_64__)
#define EVERFORM_AVX512 __attribute__((target("avx512f,avx512vnni,avx512bf16")))
#define EVERFORM_AVX2 __attribute__((target("avx2,fma")))

// Repeats `step` on every chain. The empty assembly keeps a compiler from doing the same work only once.
#define EVERFORM_BURST(vector, zero, step)               \
  vector sums[kChains];                                  \
  for (vector & sum : sums) {                            \
    sum = zero;                                          \
  }                                                      \
  for (std::int64_t i = 0; i < kRounds; ++i) {           \
    _Pragma("GCC unroll 12") for (vector & sum : sums) { \
      sum = step;                                        \
      asm volatile("" : "+v"(sum));                      \
    }                                                    \
  }

EVERFORM_AVX512 double float32_avx512() {
  const __m512 one = _mm512_set1_ps(1.0F);
  EVERFORM_BURST(__m512, _mm512_setzero_ps(), _mm512_fmadd_ps(one, one, sum))
  return static_cast<double>(kRounds) * kChains * 16;
}

EVERFORM_AVX512 double bfloat16_avx512() {
  const __m512i bits = _mm512_set1_epi32(0x3F803F80);
  const auto one = reinterpret_cast<__m512bh>(bits);
  EVERFORM_BURST(__m512, _mm512_setzero_ps(), _mm512_dpbf16_ps(sum, one, one))
  return static_cast<double>(kRounds) * kChains * 32;
}

EVERFORM_AVX512 double int8_avx512() {
  const __m512i one = _mm512_set1_epi32(0x01010101);
  EVERFORM_BURST(__m512i, _mm512_setzero_si512(), _mm512_dpbusd_epi32(sum, one, one))
  return static_cast<double>(kRounds) * kChains * 64;
}

EVERFORM_AVX2 double float32_avx2() {
  const __m256 one = _mm256_set1_ps(1.0F);
  EVERFORM_BURST(__m256, _mm256_setzero_ps(), _mm256_fmadd_ps(one, one, sum))
  return static_cast<double>(kRounds) * kChains * 8;
}

EVERFORM_AVX2 double int8_avx2() {
  const __m256i one = _mm256_set1_epi8(1);
  const __m256i pairs = _mm256_set1_epi16(1);
  EVERFORM_BURST(
      __m256i, _mm256_setzero_si256(),
      _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(one, _mm256_xor_si256(one, sum)), pairs)))
  return static_cast<double>(kRounds) * kChains * 32;
}
#undef EVERFORM_BURST
#endif

struct Bursts {
  Burst float32 = nullptr;
  Burst bfloat16 = nullptr;
  Burst int8 = nullptr;
};

Bursts best_bursts() {
  Bursts bursts;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    bursts = {.float32 = float32_avx2, .int8 = int8_avx2};
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni")) {
    bursts.float32 = float32_avx512;
    bursts.int8 = int8_avx512;
    bursts.bfloat16 = __builtin_cpu_supports("avx512bf16") ? bfloat16_avx512 : nullptr;
  }
#endif
  return bursts;
}

double rate_of(ThreadTeam& team, Burst burst) {
  if (burst == nullptr) {
    return 0;
  }
  double best = 0;
  std::vector<double> rates(static_cast<std::size_t>(team.threads()));
  for (int i = 0; i < kRepeats; ++i) {
    team.run(rates.size(), [&](std::size_t item) {
      const auto begin = std::chrono::steady_clock::now();
      const double work = burst();
      rates[item] = work / std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    });
    double sum = 0;
    for (const double rate : rates) {
      sum += rate;
    }
    best = std::max(best, sum);
  }
  return best;
}

}  // namespace

MultiplyPeaks measure_multiply_peaks(ThreadTeam& team) {
  const Bursts bursts = best_bursts();
  return {.float32 = rate_of(team, bursts.float32),
          .bfloat16 = rate_of(team, bursts.bfloat16),
          .int8 = rate_of(team, bursts.int8)};
}

}  // namespace everform
