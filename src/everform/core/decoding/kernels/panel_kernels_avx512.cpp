// AVX-512 with VNNI, and BF16 where the machine has it: a panel's 16 outputs are the lanes of one vector.
#if defined(__x86_64__)
#if defined(__GNUC__) && !defined(__clang__)
// GCC 12's own intrinsics begin with a vector that is left undefined on purpose (GCC bug 105593).
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include "everform/core/decoding/kernels/cache_line_vector.h"
#include "everform/core/decoding/kernels/panel_kernels.h"
#include "everform/core/decoding/kernels/panel_walk.h"

#define EVERFORM_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,fma,f16c")))
#define EVERFORM_BF16_TARGET \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16,fma,f16c")))
#define EVERFORM_INLINE EVERFORM_TARGET __attribute__((always_inline)) inline

namespace everform {
namespace {

struct V {
  using Ints = __m512i;
  using Floats = __m512;
  static constexpr std::size_t kLanes = 16;
  static constexpr std::size_t kParts = kPanelOutputs / kLanes;
  static constexpr std::size_t kPlainRows = 8;
  static constexpr bool kDotsUnsignedBytes = true;

  EVERFORM_INLINE static Ints load(const std::byte* at) { return _mm512_load_si512(at); }
  EVERFORM_INLINE static Floats load_floats(const std::byte* at) { return _mm512_load_ps(at); }
  EVERFORM_INLINE static Floats load_halves(const std::byte* at) {
    return _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<const __m256i*>(at)));
  }
  EVERFORM_INLINE static Ints widen_unsigned(const std::byte* at) {
    return _mm512_cvtepu8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(at)));
  }
  EVERFORM_INLINE static Ints widen_signed(const std::byte* at) {
    return _mm512_cvtepi8_epi32(_mm_load_si128(reinterpret_cast<const __m128i*>(at)));
  }
  EVERFORM_INLINE static Ints broadcast_int(const std::byte* at) {
    return _mm512_set1_epi32(*reinterpret_cast<const std::int32_t*>(at));
  }
  EVERFORM_INLINE static Floats broadcast_float(const std::byte* at) {
    return _mm512_set1_ps(*reinterpret_cast<const float*>(at));
  }
  EVERFORM_INLINE static Ints all_bytes(char value) { return _mm512_set1_epi8(value); }
  EVERFORM_INLINE static Ints all_ints(int value) { return _mm512_set1_epi32(value); }
  EVERFORM_INLINE static Ints zero_ints() { return _mm512_setzero_si512(); }
  EVERFORM_INLINE static Floats zero_floats() { return _mm512_setzero_ps(); }

  EVERFORM_INLINE static Ints both(Ints a, Ints b) { return _mm512_and_si512(a, b); }
  /// w | (bits & mask)
  EVERFORM_INLINE static Ints or_masked(Ints w, Ints bits, Ints mask) {
    return _mm512_ternarylogic_epi32(w, bits, mask, 0xF8);
  }
  /// Moves bit `From` of each byte to `To`; what crosses from the neighbouring byte is masked away after.
  template <int From, int To>
  EVERFORM_INLINE static Ints shift_bits(Ints v) {
    if constexpr (From > To) {
      return _mm512_srli_epi16(v, From - To);
    } else if constexpr (From < To) {
      return _mm512_slli_epi16(v, To - From);
    } else {
      return v;
    }
  }
  EVERFORM_INLINE static Ints byte_of(Ints v, int j) {
    return both(_mm512_srli_epi32(v, static_cast<unsigned>(8 * j)), all_ints(255));
  }
  EVERFORM_INLINE static Ints add_ints(Ints a, Ints b) { return _mm512_add_epi32(a, b); }
  EVERFORM_INLINE static Ints sub_ints(Ints a, Ints b) { return _mm512_sub_epi32(a, b); }
  EVERFORM_INLINE static Ints mul_ints(Ints a, Ints b) { return _mm512_mullo_epi32(a, b); }
  /// sum + the dot product of four unsigned codes with four signed quants
  EVERFORM_INLINE static Ints add_dots(Ints sum, Ints codes, Ints quants) {
    return _mm512_dpbusd_epi32(sum, codes, quants);
  }
  /// The same for codes of 8 bits, which are the weights plus 128.
  EVERFORM_INLINE static Ints add_dots_of_bytes(Ints sum, Ints codes, Ints quants) {
    return _mm512_dpbusd_epi32(sum, codes, quants);
  }

  /// Has `value` computed at this place: a compiler may not put it off.
  EVERFORM_INLINE static void settle(Floats& value) { asm volatile("" : "+v"(value)); }
  EVERFORM_INLINE static Floats to_floats(Ints v) { return _mm512_cvtepi32_ps(v); }
  EVERFORM_INLINE static Floats low_bfloat16(Ints v) { return _mm512_castsi512_ps(_mm512_slli_epi32(v, 16)); }
  EVERFORM_INLINE static Floats high_bfloat16(Ints v) {
    return _mm512_castsi512_ps(both(v, all_ints(static_cast<int>(0xFFFF0000))));
  }
  EVERFORM_INLINE static Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  EVERFORM_INLINE static Floats mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  EVERFORM_INLINE static Floats fmadd(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }
  EVERFORM_INLINE static Floats fmsub(Floats a, Floats b, Floats c) { return _mm512_fmsub_ps(a, b, c); }
  EVERFORM_INLINE static Floats fnmadd(Floats a, Floats b, Floats c) { return _mm512_fnmadd_ps(a, b, c); }

  /// @param first the output of lane 0
  template <int Rows>
  EVERFORM_INLINE static void store(const Floats* sums, const TileOutput& out, std::size_t first) {
    const std::size_t lanes = out.outputs > first ? std::min(kLanes, out.outputs - first) : 0;
    const auto mask = static_cast<__mmask16>((1U << lanes) - 1U);
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      _mm512_mask_storeu_ps(out.y + r * out.stride + first, mask, sums[r]);
    }
  }
};

#include "everform/core/decoding/kernels/plain_tiles.h"
#include "everform/core/decoding/kernels/quantized_tiles.h"

// BF16 weights with BF16 rows by vdpbf16ps: one chain for each output over pairs of inputs.
template <int Rows, int Panels>
EVERFORM_BF16_TARGET void bfloat16_tile(const PanelLayout& layout, const std::byte* panel, const std::byte* x,
                                        const TileOutput& out) {
  __m512 sums[Panels][Rows];
#pragma GCC unroll 32
  for (int i = 0; i < Panels * Rows; ++i) {
    sums[i / Rows][i % Rows] = _mm512_setzero_ps();
  }
  for (std::size_t first = 0; first < layout.inputs; first += kActivationBlock) {
    const std::size_t pairs = (std::min(kActivationBlock, layout.inputs - first) + 1) / 2;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      __m512i w[Panels];
#pragma GCC unroll 4
      for (int p = 0; p < Panels; ++p) {
        w[p] = V::load(panel + p * layout.panel_bytes + (first / 2 + pair) * kCacheLine);
      }
#pragma GCC unroll 16
      for (int r = 0; r < Rows; ++r) {
        __m512i a = V::broadcast_int(x + (r * kActivationBlock + 2 * pair) * 2);
        // Kept in a register: with the broadcast inside vdpbf16ps, that takes twice as long on Zen 4.
        asm("" : "+v"(a));
#pragma GCC unroll 4
        for (int p = 0; p < Panels; ++p) {
          sums[p][r] =
              _mm512_dpbf16_ps(sums[p][r], reinterpret_cast<__m512bh>(w[p]), reinterpret_cast<__m512bh>(a));
        }
      }
    }
    x += out.row_step * kActivationBlock * 2;
  }
#pragma GCC unroll 4
  for (int p = 0; p < Panels; ++p) {
    V::store<Rows>(sums[p], out, p * kPanelOutputs);
  }
}

void multiply_bfloat16(const PanelJob& job) {
  static const TileKernels kernels = {
      .one_panel = {bfloat16_tile<1, 1>, bfloat16_tile<2, 1>, bfloat16_tile<4, 1>, bfloat16_tile<8, 1>},
      .several = {{}, {}, {4, bfloat16_tile<4, 4>}, {3, bfloat16_tile<8, 3>}},
      .max_rows = 8};
  walk_panels(job, kernels);
}

}  // namespace

void multiply_panels_avx512(const PanelJob& job) {
  static const bool has_bf16 = __builtin_cpu_supports("avx512bf16");
  if (job.layout->scale_kind != ScaleKind::kNone) {
    multiply_quantized(job);
  } else if (has_bf16 && job.x->precision() == ActivationPrecision::kBFloat16) {
    multiply_bfloat16(job);
  } else {
    multiply_plain(job);
  }
}

}  // namespace everform
#endif
