#include "everform/core/decoding/engine/attention_kernels.h"

#include <immintrin.h>

#include <limits>

#include "everform/core/decoding/engine/lanes.h"

namespace everform {
namespace {

constexpr int kSlots = static_cast<int>(kBlockPositions);
constexpr float kUnseen = -std::numeric_limits<float>::infinity();

/// Scores of Q queries: Vectors vectors of positions at a time, so that all sums stay in registers.
template <int N, int Vectors, int Q>
EVERFORM_INLINE void score(const BlockTask& task, float* scores) {
  const auto* query = static_cast<const float*>(task.query);
  const auto* keys = static_cast<const float*>(task.keys);
  for (int at = 0; at < kSlots; at += N * Vectors) {
    Floats<N> sums[Q][Vectors] = {};
    for (std::size_t d = 0; d < task.width; ++d) {
      Floats<N> key[Vectors];
      for (int v = 0; v < Vectors; ++v) {
        load<N>(keys + d * kSlots + at + v * N, key[v]);
      }
      for (int q = 0; q < Q; ++q) {
        const float x = query[static_cast<std::size_t>(q) * task.width + d];
        for (int v = 0; v < Vectors; ++v) {
          sums[q][v] += key[v] * x;
        }
      }
    }
    for (int q = 0; q < Q; ++q) {
      for (int v = 0; v < Vectors; ++v) {
        store<N>(scores + q * kSlots + at + v * N, sums[q][v]);
      }
    }
  }
}

template <int N>
EVERFORM_INLINE void slot_numbers(Floats<N>& x) {
  for (int i = 0; i < N; ++i) {
    x[i] = static_cast<float>(i);
  }
}

/// Scores of one query -> exp(score - largest), 0 where unseen; updates the carried state.
/// @return what the sums so far are to be multiplied by
template <int N>
EVERFORM_INLINE float soften(const BlockTask& task, std::size_t q, float* scores) {
  Floats<N> slots;
  slot_numbers<N>(slots);
  const auto first = static_cast<float>(task.first[q]);
  const auto last = static_cast<float>(task.last[q]);
  Floats<N> most;
  fill<N>(kUnseen, most);
  for (int at = 0; at < kSlots; at += N) {
    const Floats<N> slot = slots + static_cast<float>(at);
    Floats<N> x;
    load<N>(scores + at, x);
    if (task.slopes != nullptr) {
      x += task.slopes[q] * (slot + task.distances[q]);
    }
    x = ((slot >= first) & (slot < last)) ? x : kUnseen - Floats<N>{};
    store<N>(scores + at, x);
    most = x > most ? x : most;
  }
  const float before = task.largest[q];
  const float here = largest_of<N>(most);
  const float largest = here > before ? here : before;
  Floats<N> total = {};
  for (int at = 0; at < kSlots; at += N) {
    Floats<N> x;
    load<N>(scores + at, x);
    x -= largest;
    exponential<N>(x);
    total += x;
    store<N>(scores + at, x);
  }
  Floats<N> shrink;
  fill<N>(before - largest, shrink);
  exponential<N>(shrink);
  const float factor = shrink[0];
  task.largest[q] = largest;
  task.sums[q] = task.sums[q] * factor + sum_of<N>(total);
  return factor;
}

/// out = out * factor + sum_j weight_j values_j over slots [begin, end), dimensions [at, at + N * Vectors).
template <int N, int Vectors, int Q>
EVERFORM_INLINE void mix_columns(const BlockTask& task, const float* weights, const float* factors, int begin,
                                 int end, std::size_t at) {
  const auto* values = static_cast<const float*>(task.values);
  Floats<N> sums[Q][Vectors];
  for (int q = 0; q < Q; ++q) {
    for (int v = 0; v < Vectors; ++v) {
      load<N>(task.out + static_cast<std::size_t>(q) * task.width + at + static_cast<std::size_t>(v * N),
              sums[q][v]);
      sums[q][v] *= factors[q];
    }
  }
  for (int j = begin; j < end; ++j) {
    Floats<N> value[Vectors];
    for (int v = 0; v < Vectors; ++v) {
      load<N>(values + static_cast<std::size_t>(j) * task.width + at + static_cast<std::size_t>(v * N),
              value[v]);
    }
    for (int q = 0; q < Q; ++q) {
      for (int v = 0; v < Vectors; ++v) {
        sums[q][v] += value[v] * weights[q * kSlots + j];
      }
    }
  }
  for (int q = 0; q < Q; ++q) {
    for (int v = 0; v < Vectors; ++v) {
      store<N>(task.out + static_cast<std::size_t>(q) * task.width + at + static_cast<std::size_t>(v * N),
               sums[q][v]);
    }
  }
}

/// The slots that any of the queries sees.
EVERFORM_INLINE void seen_slots(const BlockTask& task, int& begin, int& end) {
  begin = kSlots;
  end = 0;
  for (std::size_t q = 0; q < task.queries; ++q) {
    begin = task.first[q] < begin ? task.first[q] : begin;
    end = task.last[q] > end ? task.last[q] : end;
  }
}

template <int N, int Vectors, int Q>
EVERFORM_INLINE void attend_tile(const BlockTask& task) {
  alignas(64) float scores[Q * kSlots];
  float factors[Q];
  score<N, Vectors, Q>(task, scores);
  for (int q = 0; q < Q; ++q) {
    factors[q] = soften<N>(task, static_cast<std::size_t>(q), scores + q * kSlots);
  }
  int begin = 0;
  int end = 0;
  seen_slots(task, begin, end);
  std::size_t at = 0;
  for (; at + N * Vectors <= task.width; at += N * Vectors) {
    mix_columns<N, Vectors, Q>(task, scores, factors, begin, end, at);
  }
  for (; at < task.width; at += N) {
    mix_columns<N, 1, Q>(task, scores, factors, begin, end, at);
  }
}

template <int N, int Vectors>
EVERFORM_INLINE void attend(const BlockTask& task) {
  switch (task.queries) {
    case 1:
      return attend_tile<N, Vectors, 1>(task);
    case 2:
      return attend_tile<N, Vectors, 2>(task);
    case 3:
      return attend_tile<N, Vectors, 3>(task);
    case 4:
      return attend_tile<N, Vectors, 4>(task);
    case 5:
      return attend_tile<N, Vectors, 5>(task);
    default:
      return attend_tile<N, Vectors, 6>(task);
  }
}

/// Two floats of every pair of bfloat16.
template <int N>
EVERFORM_INLINE void expand_row(const std::uint16_t* pairs, std::size_t count, float* even, float* odd) {
  for (std::size_t i = 0; i < count; i += N) {
    Ints<N> both;
    std::memcpy(&both, pairs + 2 * i, sizeof both);
    const Ints<N> low = both << 16;
    const Ints<N> high = both & static_cast<std::int32_t>(0xffff0000U);
    std::memcpy(even + i, &low, sizeof low);
    std::memcpy(odd + i, &high, sizeof high);
  }
}

template <int N>
EVERFORM_INLINE void expand_pairs(const std::uint16_t* keys, const std::uint16_t* values, std::size_t width,
                                  float* key_out, float* value_out) {
  for (std::size_t d = 0; d < width; d += 2) {
    expand_row<N>(keys + d * kBlockPositions, kBlockPositions, key_out + d * kBlockPositions,
                  key_out + (d + 1) * kBlockPositions);
  }
  for (std::size_t j = 0; j < kBlockPositions; j += 2) {
    expand_row<N>(values + j * width, width, value_out + j * width, value_out + (j + 1) * width);
  }
}

template <int N>
EVERFORM_INLINE void widen(const std::int8_t* bytes, Floats<N>& x) {
  using Bytes [[gnu::vector_size(N)]] = std::int8_t;
  Bytes packed;
  std::memcpy(&packed, bytes, sizeof packed);
  x = __builtin_convertvector(packed, Floats<N>);
}

template <int N>
EVERFORM_INLINE void expand_bytes(const std::int8_t* keys, const std::int8_t* values, const float* key_scales,
                                  const float* value_scales, std::size_t width, float* key_out,
                                  float* value_out) {
  for (std::size_t at = 0; at < kBlockPositions; at += N) {
    Floats<N> scale;
    load<N>(key_scales + at, scale);
    for (std::size_t d = 0; d < width; ++d) {
      Floats<N> x;
      widen<N>(keys + d * kBlockPositions + at, x);
      x *= scale;
      store<N>(key_out + d * kBlockPositions + at, x);
    }
  }
  for (std::size_t j = 0; j < kBlockPositions; ++j) {
    for (std::size_t d = 0; d < width; d += N) {
      Floats<N> x;
      widen<N>(values + j * width + d, x);
      x *= value_scales[j];
      store<N>(value_out + j * width + d, x);
    }
  }
}

#define EVERFORM_AVX2 [[gnu::target("avx2,fma")]]
#define EVERFORM_AVX512 [[gnu::target("avx512f,avx512bw,avx512vl,avx512dq,fma")]]
#define EVERFORM_AVX512_BF16 [[gnu::target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")]]

void attend_plain(const BlockTask& task) {
  attend<4, 2>(task);
}
void expand_pairs_plain(const std::uint16_t* keys, const std::uint16_t* values, std::size_t width,
                        float* key_out, float* value_out) {
  expand_pairs<4>(keys, values, width, key_out, value_out);
}
void expand_bytes_plain(const std::int8_t* keys, const std::int8_t* values, const float* key_scales,
                        const float* value_scales, std::size_t width, float* key_out, float* value_out) {
  expand_bytes<4>(keys, values, key_scales, value_scales, width, key_out, value_out);
}

EVERFORM_AVX2 void attend_avx2(const BlockTask& task) {
  attend<8, 2>(task);
}
EVERFORM_AVX2 void expand_pairs_avx2(const std::uint16_t* keys, const std::uint16_t* values,
                                     std::size_t width, float* key_out, float* value_out) {
  expand_pairs<8>(keys, values, width, key_out, value_out);
}
EVERFORM_AVX2 void expand_bytes_avx2(const std::int8_t* keys, const std::int8_t* values,
                                     const float* key_scales, const float* value_scales, std::size_t width,
                                     float* key_out, float* value_out) {
  expand_bytes<8>(keys, values, key_scales, value_scales, width, key_out, value_out);
}

EVERFORM_AVX512 void attend_avx512(const BlockTask& task) {
  attend<16, 4>(task);
}
EVERFORM_AVX512 void expand_pairs_avx512(const std::uint16_t* keys, const std::uint16_t* values,
                                         std::size_t width, float* key_out, float* value_out) {
  expand_pairs<16>(keys, values, width, key_out, value_out);
}
EVERFORM_AVX512 void expand_bytes_avx512(const std::int8_t* keys, const std::int8_t* values,
                                         const float* key_scales, const float* value_scales,
                                         std::size_t width, float* key_out, float* value_out) {
  expand_bytes<16>(keys, values, key_scales, value_scales, width, key_out, value_out);
}

// One step of two products a lane: an instruction, so no form for other machines exists.
EVERFORM_AVX512_BF16 inline __m512 add_pairs(__m512 sum, __m512i left, std::uint32_t right) {
  return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(left),
                          reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(right))));
}

template <int Q>
EVERFORM_AVX512_BF16 inline void score_paired(const BlockTask& task, float* scores) {
  constexpr int kVectors = 4;
  const auto* query = static_cast<const std::uint32_t*>(task.query);
  const auto* keys = static_cast<const std::uint32_t*>(task.keys);
  const std::size_t pairs = task.width / 2;
  __m512 sums[Q][kVectors];
  for (auto& row : sums) {
    for (__m512& sum : row) {
      sum = _mm512_setzero_ps();
    }
  }
  for (std::size_t d = 0; d < pairs; ++d) {
    __m512i key[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      key[v] = _mm512_loadu_si512(keys + d * kBlockPositions + v * 16);
    }
    for (int q = 0; q < Q; ++q) {
      for (int v = 0; v < kVectors; ++v) {
        sums[q][v] = add_pairs(sums[q][v], key[v], query[static_cast<std::size_t>(q) * pairs + d]);
      }
    }
  }
  for (int q = 0; q < Q; ++q) {
    for (int v = 0; v < kVectors; ++v) {
      _mm512_store_ps(scores + q * kSlots + v * 16, sums[q][v]);
    }
  }
}

template <int Vectors, int Q>
EVERFORM_AVX512_BF16 inline void mix_paired(const BlockTask& task, const std::uint32_t* weights,
                                            const float* factors, int begin, int end, std::size_t at) {
  const auto* values = static_cast<const std::uint32_t*>(task.values);
  __m512 sums[Q][Vectors];
  for (int q = 0; q < Q; ++q) {
    for (int v = 0; v < Vectors; ++v) {
      const float* out =
          task.out + static_cast<std::size_t>(q) * task.width + at + static_cast<std::size_t>(v * 16);
      sums[q][v] = _mm512_mul_ps(_mm512_loadu_ps(out), _mm512_set1_ps(factors[q]));
    }
  }
  for (int pair = begin / 2; pair < (end + 1) / 2; ++pair) {
    __m512i value[Vectors];
    for (int v = 0; v < Vectors; ++v) {
      value[v] = _mm512_loadu_si512(values + static_cast<std::size_t>(pair) * task.width + at +
                                    static_cast<std::size_t>(v * 16));
    }
    for (int q = 0; q < Q; ++q) {
      for (int v = 0; v < Vectors; ++v) {
        sums[q][v] = add_pairs(sums[q][v], value[v], weights[q * kSlots / 2 + pair]);
      }
    }
  }
  for (int q = 0; q < Q; ++q) {
    for (int v = 0; v < Vectors; ++v) {
      _mm512_storeu_ps(
          task.out + static_cast<std::size_t>(q) * task.width + at + static_cast<std::size_t>(v * 16),
          sums[q][v]);
    }
  }
}

EVERFORM_AVX512_BF16 inline void round_weights(const float* weights, std::uint32_t* rounded) {
  for (int at = 0; at < kSlots; at += 16) {
    const __m256bh packed = _mm512_cvtneps_pbh(_mm512_load_ps(weights + at));
    _mm256_store_si256(reinterpret_cast<__m256i*>(rounded + at / 2), reinterpret_cast<__m256i>(packed));
  }
}

template <int Q>
EVERFORM_AVX512_BF16 inline void attend_tile_paired(const BlockTask& task) {
  alignas(64) float scores[Q * kSlots];
  alignas(64) std::uint32_t weights[Q * kSlots / 2];
  float factors[Q];
  score_paired<Q>(task, scores);
  for (int q = 0; q < Q; ++q) {
    factors[q] = soften<16>(task, static_cast<std::size_t>(q), scores + q * kSlots);
    round_weights(scores + q * kSlots, weights + q * kSlots / 2);
  }
  int begin = 0;
  int end = 0;
  seen_slots(task, begin, end);
  std::size_t at = 0;
  for (; at + 64 <= task.width; at += 64) {
    mix_paired<4, Q>(task, weights, factors, begin, end, at);
  }
  for (; at < task.width; at += 16) {
    mix_paired<1, Q>(task, weights, factors, begin, end, at);
  }
}

EVERFORM_AVX512_BF16 void attend_paired(const BlockTask& task) {
  switch (task.queries) {
    case 1:
      return attend_tile_paired<1>(task);
    case 2:
      return attend_tile_paired<2>(task);
    case 3:
      return attend_tile_paired<3>(task);
    case 4:
      return attend_tile_paired<4>(task);
    case 5:
      return attend_tile_paired<5>(task);
    default:
      return attend_tile_paired<6>(task);
  }
}

constexpr AttentionKernels kPlain{"plain", attend_plain, nullptr, expand_pairs_plain, expand_bytes_plain};
constexpr AttentionKernels kAvx2{"avx2", attend_avx2, nullptr, expand_pairs_avx2, expand_bytes_avx2};
constexpr AttentionKernels kAvx512{"avx512", attend_avx512, nullptr, expand_pairs_avx512,
                                   expand_bytes_avx512};
constexpr AttentionKernels kAvx512Bf16{"avx512-bf16", attend_avx512, attend_paired, expand_pairs_avx512,
                                       expand_bytes_avx512};

}  // namespace

std::size_t runnable_attention_kernels(const AttentionKernels** out, std::size_t capacity) {
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") != 0 &&
                      __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
                      __builtin_cpu_supports("avx512dq") != 0;
  const bool bf16 = avx512 && __builtin_cpu_supports("avx512bf16") != 0;
  std::size_t count = 0;
  const auto add = [&](bool runs, const AttentionKernels& kernels) {
    if (runs && count < capacity) {
      out[count++] = &kernels;
    }
  };
  add(true, kPlain);
  add(avx2, kAvx2);
  add(avx512, kAvx512);
  add(bf16, kAvx512Bf16);
  return count;
}

const AttentionKernels& attention_kernels() {
  static const AttentionKernels& best = []() -> const AttentionKernels& {
    const AttentionKernels* all[4];
    return *all[runnable_attention_kernels(all, 4) - 1];
  }();
  return best;
}

}  // namespace everform
