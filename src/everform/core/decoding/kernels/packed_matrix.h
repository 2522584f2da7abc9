// A linear layer's weights in the order in which the fast kernels of this machine read them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "everform/core/decoding/kernels/activation_rows.h"
#include "everform/core/io/tensor_store.h"

namespace everform {

/// A matrix [outputs, inputs], packed into panels of outputs that one thread multiplies at a time. Types that
/// are repacked as they are: Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K, Q6_K, Q8_0, F16, BF16, F32; others become
/// the smallest of these that holds their values.
///
/// An output's bits depend on its own row of activations and of weights alone: not on the number of rows, the
/// panel range or the thread.
class PackedMatrix {
 public:
  virtual ~PackedMatrix() = default;

  virtual std::size_t outputs() const = 0;
  virtual std::size_t inputs() const = 0;
  /// Bytes held, padding included.
  virtual std::size_t bytes() const = 0;
  /// Number of panels; a panel is the smallest share of work.
  virtual std::size_t panels() const = 0;
  /// Outputs in one panel; the last may hold fewer.
  virtual std::size_t panel_outputs() const = 0;

  /// The form of activations that this matrix multiplies fastest at the precision of its type: kInt8 for a
  /// quantized type, kBFloat16 for BF16, kFloat32 for F16 and F32.
  virtual ActivationPrecision fast_precision() const = 0;

  /// y[r, o] = sum_k x[r, k] W[o, k] for the outputs of panels [first, last).
  /// @param x rows in any precision; those that are neither kFloat32 nor fast_precision() are
  /// widened to float32 first, so prefer one of these two @param y [rows, outputs], `stride` floats from row
  /// to row
  virtual void multiply(const ActivationRows& x, std::size_t first, std::size_t last, float* y,
                        std::size_t stride) const = 0;
  /// Row `output` as float32 (an embedding). @param out [inputs]
  virtual void row(std::size_t output, std::span<float> out) const = 0;
};

/// Repacks a tensor [outputs, inputs] for the best instruction set of this machine.
/// Throws Error{kBadInput} where the shape is no matrix or does not fit the type's blocks.
std::unique_ptr<PackedMatrix> pack_matrix(const TensorView& tensor);

struct PanelKernels;
/// The same for a chosen instruction set (see panel_kernels.h).
std::unique_ptr<PackedMatrix> pack_matrix(const TensorView& tensor, const PanelKernels& kernels);

}  // namespace everform
