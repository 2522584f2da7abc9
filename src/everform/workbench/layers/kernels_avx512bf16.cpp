// The kernels for processors with AVX-512 and its bf16 products.

#include <immintrin.h>

#include <cstdint>
#include <type_traits>

#include "everform/workbench/layers/kernels.h"

#ifdef __x86_64__

#ifdef __clang__
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma,avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma,avx2")
#endif

#define EVERFORM_LANES 16
#define EVERFORM_BF16_DOT

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

extern const Table kAvx512bf16Table;
const Table kAvx512bf16Table = {"avx512bf16",       norm_forward,        norm_backward,
                                activation_forward, activation_backward, attention_forward,
                                attention_backward, cross_entropy};

}  // namespace everform::kernels

#endif
