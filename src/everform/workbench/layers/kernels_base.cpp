// The kernels for any processor.

#include <cstdint>
#include <type_traits>

#include "everform/workbench/layers/kernels.h"

#define EVERFORM_LANES 4

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

extern const Table kBaseTable;
const Table kBaseTable = {"base",
                          norm_forward,
                          norm_backward,
                          activation_forward,
                          activation_backward,
                          attention_forward,
                          attention_backward,
                          cross_entropy};

}  // namespace everform::kernels
