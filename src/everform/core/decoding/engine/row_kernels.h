// What happens to a row of activations between the matrix products, for each instruction set.
#pragma once

#include <cstddef>

#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// Each result depends on its row alone, in a fixed order of sums. `bias` may be nullptr everywhere.
struct RowKernels {
  const char* name;
  /// normalize_rows (core/decoding/norms.h) of one row, with float sums. @param y may be x
  void (*normalize)(NormKind kind, float epsilon, const float* gain, const float* bias, std::size_t width,
                    const float* x, float* y);
  /// rotate_half_split (core/decoding/positions.h)
  void (*rotate)(const float* cosine, const float* sine, std::size_t pairs, float* head);
  /// values = activate(values), or activate(gate) * values where a gate is given. Biases are added first.
  void (*activate)(Activation kind, const float* gate, const float* gate_bias, const float* bias,
                   std::size_t count, float* values);
  /// x += y + bias
  void (*add)(const float* y, const float* bias, std::size_t count, float* x);
};

/// Those of this machine.
const RowKernels& row_kernels();
/// All that run on this machine, the plainest first.
std::size_t runnable_row_kernels(const RowKernels** out, std::size_t capacity);

}  // namespace everform
