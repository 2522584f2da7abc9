// The kernels for processors with AVX-512.

#include <immintrin.h>

#include <cstdint>
#include <type_traits>

#include "everform/workbench/layers/kernels.h"

#ifdef __x86_64__

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma,avx2"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,fma,avx2")
#endif

#define EVERFORM_LANES 16

namespace everform::kernels {
namespace {

// clang-format off: the order matters
#include "everform/workbench/layers/kernel_simd.h"
#include "everform/workbench/layers/kernel_rows.h"
#include "everform/workbench/layers/kernel_products.h"
#include "everform/workbench/layers/kernel_attention.h"
#include "everform/workbench/layers/kernel_attention_backward.h"
// clang-format on

}  // namespace

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

extern const Table kAvx512Table;
const Table kAvx512Table = {"avx512",           norm_forward,        norm_backward,
                            activation_forward, activation_backward, attention_forward,
                            attention_backward, cross_entropy};

}  // namespace everform::kernels

#endif
