// AVX2 with FMA and half-precision conversion: a panel's 16 outputs are the lanes of two vectors.
#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <cstdint>

#include "everform/core/decoding/kernels/cache_line_vector.h"
#include "everform/core/decoding/kernels/panel_kernels.h"
#include "everform/core/decoding/kernels/panel_walk.h"

#define EVERFORM_TARGET __attribute__((target("avx2,fma,f16c")))
#define EVERFORM_INLINE EVERFORM_TARGET __attribute__((always_inline)) inline

namespace everform {
namespace {

struct V {
  using Ints = __m256i;
  using Floats = __m256;
  static constexpr std::size_t kLanes = 8;
  static constexpr std::size_t kParts = kPanelOutputs / kLanes;
  static constexpr std::size_t kPlainRows = 4;
  static constexpr bool kDotsUnsignedBytes = false;

  EVERFORM_INLINE static Ints load(const std::byte* at) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(at));
  }
  EVERFORM_INLINE static Floats load_floats(const std::byte* at) {
    return _mm256_load_ps(reinterpret_cast<const float*>(at));
  }
  EVERFORM_INLINE static Floats load_halves(const std::byte* at) {
    return _mm256_cvtph_ps(_mm_load_si128(reinterpret_cast<const __m128i*>(at)));
  }
  EVERFORM_INLINE static Ints widen_unsigned(const std::byte* at) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)));
  }
  EVERFORM_INLINE static Ints widen_signed(const std::byte* at) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(at)));
  }
  EVERFORM_INLINE static Ints broadcast_int(const std::byte* at) {
    return _mm256_set1_epi32(*reinterpret_cast<const std::int32_t*>(at));
  }
  EVERFORM_INLINE static Floats broadcast_float(const std::byte* at) {
    return _mm256_set1_ps(*reinterpret_cast<const float*>(at));
  }
  EVERFORM_INLINE static Ints all_bytes(char value) { return _mm256_set1_epi8(value); }
  EVERFORM_INLINE static Ints all_ints(int value) { return _mm256_set1_epi32(value); }
  EVERFORM_INLINE static Ints zero_ints() { return _mm256_setzero_si256(); }
  EVERFORM_INLINE static Floats zero_floats() { return _mm256_setzero_ps(); }

  EVERFORM_INLINE static Ints both(Ints a, Ints b) { return _mm256_and_si256(a, b); }
  /// w | (bits & mask)
  EVERFORM_INLINE static Ints or_masked(Ints w, Ints bits, Ints mask) {
    return _mm256_or_si256(w, both(bits, mask));
  }
  /// Moves bit `From` of each byte to `To`; what crosses from the neighbouring byte is masked away after.
  template <int From, int To>
  EVERFORM_INLINE static Ints shift_bits(Ints v) {
    if constexpr (From > To) {
      return _mm256_srli_epi16(v, From - To);
    } else if constexpr (From < To) {
      return _mm256_slli_epi16(v, To - From);
    } else {
      return v;
    }
  }
  EVERFORM_INLINE static Ints byte_of(Ints v, int j) {
    return both(_mm256_srli_epi32(v, 8 * j), all_ints(255));
  }
  EVERFORM_INLINE static Ints add_ints(Ints a, Ints b) { return _mm256_add_epi32(a, b); }
  EVERFORM_INLINE static Ints sub_ints(Ints a, Ints b) { return _mm256_sub_epi32(a, b); }
  EVERFORM_INLINE static Ints mul_ints(Ints a, Ints b) { return _mm256_mullo_epi32(a, b); }
  /// sum + the dot product of four unsigned codes with four signed quants. Codes have at most six bits, so no
  /// pair of products leaves 16 bits.
  EVERFORM_INLINE static Ints add_dots(Ints sum, Ints codes, Ints quants) {
    return add_ints(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(codes, quants), _mm256_set1_epi16(1)));
  }
  /// The same for codes of 8 bits, which are the weights plus 128: the magnitudes of the weights (at most
  /// 128) with the quants (at most 127) of the product's sign stay within 16 bits.
  EVERFORM_INLINE static Ints add_dots_of_bytes(Ints sum, Ints codes, Ints quants) {
    const Ints weights = _mm256_xor_si256(codes, all_bytes(-128));
    return add_dots(sum, _mm256_abs_epi8(weights), _mm256_sign_epi8(quants, weights));
  }

  /// Has `value` computed at this place: a compiler may not put it off.
  EVERFORM_INLINE static void settle(Floats& value) { asm volatile("" : "+x"(value)); }
  EVERFORM_INLINE static Floats to_floats(Ints v) { return _mm256_cvtepi32_ps(v); }
  EVERFORM_INLINE static Floats low_bfloat16(Ints v) { return _mm256_castsi256_ps(_mm256_slli_epi32(v, 16)); }
  EVERFORM_INLINE static Floats high_bfloat16(Ints v) {
    return _mm256_castsi256_ps(both(v, all_ints(static_cast<int>(0xFFFF0000))));
  }
  EVERFORM_INLINE static Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  EVERFORM_INLINE static Floats mul(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  EVERFORM_INLINE static Floats fmadd(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }
  EVERFORM_INLINE static Floats fmsub(Floats a, Floats b, Floats c) { return _mm256_fmsub_ps(a, b, c); }
  EVERFORM_INLINE static Floats fnmadd(Floats a, Floats b, Floats c) { return _mm256_fnmadd_ps(a, b, c); }

  /// @param first the output of lane 0
  template <int Rows>
  EVERFORM_INLINE static void store(const Floats* sums, const TileOutput& out, std::size_t first) {
    const auto left = static_cast<int>(out.outputs > first ? std::min(kLanes, out.outputs - first) : 0);
    const Ints mask = _mm256_cmpgt_epi32(all_ints(left), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
#pragma GCC unroll 16
    for (int r = 0; r < Rows; ++r) {
      _mm256_maskstore_ps(out.y + r * out.stride + first, mask, sums[r]);
    }
  }
};

#include "everform/core/decoding/kernels/plain_tiles.h"
#include "everform/core/decoding/kernels/quantized_tiles.h"

}  // namespace

void multiply_panels_avx2(const PanelJob& job) {
  if (job.layout->scale_kind != ScaleKind::kNone) {
    multiply_quantized(job);
  } else {
    multiply_plain(job);
  }
}

}  // namespace everform
#endif
