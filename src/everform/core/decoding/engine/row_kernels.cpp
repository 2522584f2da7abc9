#include "everform/core/decoding/engine/row_kernels.h"

#include <cmath>

#include "everform/core/decoding/engine/lanes.h"

namespace everform {
namespace {

template <int N>
EVERFORM_INLINE std::size_t whole(std::size_t count) {
  return count - count % N;
}

/// sum over the row of (x - mean)^2, or of x where `Squares` is false.
template <int N, bool Squares>
EVERFORM_INLINE float reduce(const float* x, std::size_t width, float mean) {
  Floats<N> sums = {};
  std::size_t i = 0;
  for (; i < whole<N>(width); i += N) {
    Floats<N> v;
    load<N>(x + i, v);
    v -= mean;
    sums += Squares ? v * v : v;
  }
  float total = sum_of<N>(sums);
  for (; i < width; ++i) {
    const float v = x[i] - mean;
    total += Squares ? v * v : v;
  }
  return total;
}

template <int N>
EVERFORM_INLINE void normalize(NormKind kind, float epsilon, const float* gain, const float* bias,
                               std::size_t width, const float* x, float* y) {
  const auto count = static_cast<float>(width);
  const float mean = kind == NormKind::kLayerNorm ? reduce<N, false>(x, width, 0.0F) / count : 0.0F;
  const float scale = 1.0F / std::sqrt(reduce<N, true>(x, width, mean) / count + epsilon);
  std::size_t i = 0;
  for (; i < whole<N>(width); i += N) {
    Floats<N> v;
    Floats<N> g;
    load<N>(x + i, v);
    load<N>(gain + i, g);
    v = (v - mean) * scale * g;
    if (bias != nullptr) {
      Floats<N> b;
      load<N>(bias + i, b);
      v += b;
    }
    store<N>(y + i, v);
  }
  for (; i < width; ++i) {
    y[i] = (x[i] - mean) * scale * gain[i] + (bias != nullptr ? bias[i] : 0.0F);
  }
}

template <int N>
EVERFORM_INLINE void rotate(const float* cosine, const float* sine, std::size_t pairs, float* head) {
  std::size_t i = 0;
  for (; i < whole<N>(pairs); i += N) {
    Floats<N> a;
    Floats<N> b;
    Floats<N> c;
    Floats<N> s;
    load<N>(head + i, a);
    load<N>(head + pairs + i, b);
    load<N>(cosine + i, c);
    load<N>(sine + i, s);
    store<N>(head + i, a * c - b * s);
    store<N>(head + pairs + i, b * c + a * s);
  }
  for (; i < pairs; ++i) {
    const float a = head[i];
    const float b = head[i + pairs];
    head[i] = a * cosine[i] - b * sine[i];
    head[i + pairs] = b * cosine[i] + a * sine[i];
  }
}

/// 1 / (1 + exp(-x))
template <int N>
EVERFORM_INLINE void sigmoid(Floats<N>& x) {
  x = -x;
  exponential<N>(x);
  x = 1.0F / (1.0F + x);
}

/// erf within 2e-7: Abramowitz and Stegun (1964), 7.1.26.
template <int N>
EVERFORM_INLINE void error_function(Floats<N>& x) {
  const Ints<N> negative = x < 0.0F;
  const Floats<N> z = negative ? -x : x;
  const Floats<N> t = 1.0F / (1.0F + 0.3275911F * z);
  Floats<N> tail = -z * z;
  exponential<N>(tail);
  Floats<N> y = 1.061405429F * t - 1.453152027F;
  y = y * t + 1.421413741F;
  y = y * t - 0.284496736F;
  y = y * t + 0.254829592F;
  y = 1.0F - y * t * tail;
  x = negative ? -y : y;
}

template <int N>
EVERFORM_INLINE void apply(Activation kind, Floats<N>& x) {
  Floats<N> y = x;
  switch (kind) {
    case Activation::kGelu:
      y *= 0.707106781F;
      error_function<N>(y);
      x *= 0.5F * (1.0F + y);
      return;
    case Activation::kGeluTanh:
      // (1 + tanh(u)) / 2 = 1 / (1 + exp(-2u))
      y = 1.595769122F * (x + 0.044715F * x * x * x);
      sigmoid<N>(y);
      x *= y;
      return;
    case Activation::kRelu:
      x = x < 0.0F ? Floats<N>{} : x;
      return;
    case Activation::kSilu:
      sigmoid<N>(y);
      x *= y;
      return;
  }
}

template <int N>
EVERFORM_INLINE void load_with(const float* from, const float* bias, std::size_t i, Floats<N>& x) {
  load<N>(from + i, x);
  if (bias != nullptr) {
    Floats<N> b;
    load<N>(bias + i, b);
    x += b;
  }
}

template <int N>
EVERFORM_INLINE void activate_vector(Activation kind, const float* gate, const float* gate_bias,
                                     const float* bias, std::size_t i, float* values) {
  Floats<N> x;
  load_with<N>(values, bias, i, x);
  if (gate == nullptr) {
    apply<N>(kind, x);
  } else {
    Floats<N> g;
    load_with<N>(gate, gate_bias, i, g);
    apply<N>(kind, g);
    x *= g;
  }
  store<N>(values + i, x);
}

template <int N>
EVERFORM_INLINE void activate(Activation kind, const float* gate, const float* gate_bias, const float* bias,
                              std::size_t count, float* values) {
  std::size_t i = 0;
  for (; i < whole<N>(count); i += N) {
    activate_vector<N>(kind, gate, gate_bias, bias, i, values);
  }
  for (; i < count; ++i) {
    activate_vector<1>(kind, gate, gate_bias, bias, i, values);
  }
}

template <int N>
EVERFORM_INLINE void add(const float* y, const float* bias, std::size_t count, float* x) {
  std::size_t i = 0;
  for (; i < whole<N>(count); i += N) {
    Floats<N> change;
    Floats<N> sum;
    load_with<N>(y, bias, i, change);
    load<N>(x + i, sum);
    store<N>(x + i, sum + change);
  }
  for (; i < count; ++i) {
    x[i] += y[i] + (bias != nullptr ? bias[i] : 0.0F);
  }
}

// The same four functions for one target.
#define EVERFORM_ROW_KERNELS(suffix, lanes, attribute)                                                     \
  attribute void normalize_##suffix(NormKind kind, float epsilon, const float* gain, const float* bias,    \
                                    std::size_t width, const float* x, float* y) {                         \
    normalize<lanes>(kind, epsilon, gain, bias, width, x, y);                                              \
  }                                                                                                        \
  attribute void rotate_##suffix(const float* cosine, const float* sine, std::size_t pairs, float* head) { \
    rotate<lanes>(cosine, sine, pairs, head);                                                              \
  }                                                                                                        \
  attribute void activate_##suffix(Activation kind, const float* gate, const float* gate_bias,             \
                                   const float* bias, std::size_t count, float* values) {                  \
    activate<lanes>(kind, gate, gate_bias, bias, count, values);                                           \
  }                                                                                                        \
  attribute void add_##suffix(const float* y, const float* bias, std::size_t count, float* x) {            \
    add<lanes>(y, bias, count, x);                                                                         \
  }                                                                                                        \
  constexpr RowKernels k_##suffix{#suffix, normalize_##suffix, rotate_##suffix, activate_##suffix,         \
                                  add_##suffix};

EVERFORM_ROW_KERNELS(plain, 4, )
EVERFORM_ROW_KERNELS(avx2, 8, [[gnu::target("avx2,fma")]])
EVERFORM_ROW_KERNELS(avx512, 16, [[gnu::target("avx512f,avx512bw,avx512vl,avx512dq,fma")]])

#undef EVERFORM_ROW_KERNELS

}  // namespace

std::size_t runnable_row_kernels(const RowKernels** out, std::size_t capacity) {
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") != 0 &&
                      __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
                      __builtin_cpu_supports("avx512dq") != 0;
  std::size_t count = 0;
  const auto add_runnable = [&](bool runs, const RowKernels& kernels) {
    if (runs && count < capacity) {
      out[count++] = &kernels;
    }
  };
  add_runnable(true, k_plain);
  add_runnable(avx2, k_avx2);
  add_runnable(avx512, k_avx512);
  return count;
}

const RowKernels& row_kernels() {
  static const RowKernels& best = []() -> const RowKernels& {
    const RowKernels* all[3];
    return *all[runnable_row_kernels(all, 3) - 1];
  }();
  return best;
}

}  // namespace everform
