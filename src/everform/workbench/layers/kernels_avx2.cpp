// The kernels for processors with AVX2 and FMA.

#include <immintrin.h>

#include <cstdint>
#include <type_traits>

#include "everform/workbench/layers/kernels.h"

#ifdef __x86_64__

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif

#define EVERFORM_LANES 8

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

extern const Table kAvx2Table;
const Table kAvx2Table = {"avx2",
                          norm_forward,
                          norm_backward,
                          activation_forward,
                          activation_backward,
                          attention_forward,
                          attention_backward,
                          cross_entropy};

}  // namespace everform::kernels

#endif
