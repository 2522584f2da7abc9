// Vectors of the instruction set at hand. Included by each kernels_*.cpp after its target pragma, inside an
// unnamed namespace, so that nothing compiled for one instruction set can be linked into another's code.
//
// Needs the macros EVERFORM_LANES (floats in a vector) and, where there is a bf16 dot product,
// EVERFORM_BF16_DOT.

constexpr int kLanes = EVERFORM_LANES;
using F = float __attribute__((vector_size(kLanes * 4)));
using I = std::int32_t __attribute__((vector_size(kLanes * 4)));
using U = std::uint32_t __attribute__((vector_size(kLanes * 4)));
using H = std::uint16_t __attribute__((vector_size(kLanes * 2)));

#define EVERFORM_INLINE inline __attribute__((always_inline))

struct Bf16 {
  std::uint16_t bits;
};

template <typename To, typename From>
EVERFORM_INLINE To bits_as(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof(To));
  return to;
}

EVERFORM_INLINE F splat(float value) {
  return value - F{};
}
EVERFORM_INLINE I splat_int(std::int32_t value) {
  return value - I{};
}

EVERFORM_INLINE F load(const float* from) {
  F out;
  __builtin_memcpy(&out, from, sizeof(F));
  return out;
}
EVERFORM_INLINE void store(float* to, const F& value) {
  __builtin_memcpy(to, &value, sizeof(F));
}

EVERFORM_INLINE F load(const Bf16* from) {
  H half;
  __builtin_memcpy(&half, from, sizeof(H));
  return bits_as<F>(__builtin_convertvector(half, U) << 16);
}

/// To bfloat16 by rounding to nearest even; NaN stays NaN.
EVERFORM_INLINE H narrow(const F& value) {
#ifdef EVERFORM_BF16_DOT
  return bits_as<H>(_mm512_cvtneps_pbh(bits_as<__m512>(value)));
#else
  const U bits = bits_as<U>(value);
  const U rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  const U nan = bits_as<U>(value != value);
  return __builtin_convertvector((rounded & ~nan) | (nan & 0x7fc0U), H);
#endif
}
EVERFORM_INLINE void store(Bf16* to, const F& value) {
  const H half = narrow(value);
  __builtin_memcpy(to, &half, sizeof(H));
}

EVERFORM_INLINE float load_one(const float* from) {
  return *from;
}
EVERFORM_INLINE float load_one(const Bf16* from) {
  return bits_as<float>(static_cast<std::uint32_t>(from->bits) << 16);
}
EVERFORM_INLINE void store_one(float* to, float value) {
  *to = value;
}
EVERFORM_INLINE void store_one(Bf16* to, float value) {
  const F wide = splat(value);
  const H half = narrow(wide);
  to->bits = half[0];
}

/// a * b + c with one rounding where the processor has it.
EVERFORM_INLINE F fused(const F& a, const F& b, const F& c) {
#if EVERFORM_LANES == 16
  return bits_as<F>(_mm512_fmadd_ps(bits_as<__m512>(a), bits_as<__m512>(b), bits_as<__m512>(c)));
#elif EVERFORM_LANES == 8
  return bits_as<F>(_mm256_fmadd_ps(bits_as<__m256>(a), bits_as<__m256>(b), bits_as<__m256>(c)));
#else
  return a * b + c;
#endif
}

EVERFORM_INLINE F select(const I& mask, const F& yes, const F& no) {
  return bits_as<F>((bits_as<I>(yes) & mask) | (bits_as<I>(no) & ~mask));
}
EVERFORM_INLINE F largest(const F& a, const F& b) {
  return select(a > b, a, b);
}
EVERFORM_INLINE F smallest(const F& a, const F& b) {
  return select(a < b, a, b);
}

/// Lanes in order: the sum does not depend on how a compiler would pair them.
EVERFORM_INLINE float sum_lanes(const F& value) {
  float parts[kLanes];
  store(parts, value);
  for (int width = kLanes / 2; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) {
      parts[i] += parts[i + width];
    }
  }
  return parts[0];
}
EVERFORM_INLINE float max_lanes(const F& value) {
  float best = value[0];
  for (int i = 1; i < kLanes; ++i) {
    best = value[i] > best ? value[i] : best;
  }
  return best;
}

/// 2^x, to about 2e-7 of itself; 0 below -126. x at most 127.
EVERFORM_INLINE F exp2_of(const F& x) {
  const F magic = splat(12582912.0F);  // 1.5 * 2^23: adding it rounds to an integer in the low bits
  const F shifted = x + magic;
  const F fraction = x - (shifted - magic);
  // Taylor series of 2^f: ln(2)^k / k!.
  F poly = splat(1.5403530e-4F);
  poly = fused(poly, fraction, splat(1.3333558e-3F));
  poly = fused(poly, fraction, splat(9.6181291e-3F));
  poly = fused(poly, fraction, splat(5.5504109e-2F));
  poly = fused(poly, fraction, splat(2.4022651e-1F));
  poly = fused(poly, fraction, splat(6.9314718e-1F));
  poly = fused(poly, fraction, splat(1.0F));
  const I exponent = bits_as<I>(shifted) << 23;
  const F value = bits_as<F>(bits_as<I>(poly) + exponent);
  return select(x < splat(-126.0F), F{}, value);
}

constexpr float kLog2E = 1.44269504088896F;
constexpr float kLn2 = 0.693147180559945F;

/// e^x, 0 below about -87, at most e^88.
EVERFORM_INLINE F exp_of(const F& x) {
  return exp2_of(smallest(x * splat(kLog2E), splat(126.0F)));
}
