// The weights of a linear layer, in the order in which the plain path reads them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "everform/core/decoding/aligned_floats.h"
#include "everform/core/io/tensor_store.h"

namespace everform {

/// A matrix [outputs, inputs] as float32 in panels of 16 outputs: weight (o, k) lies at ((o / 16) * inputs +
/// k) * 16 + o % 16. Rows beyond `outputs` in the last panel are zero.
class PanelMatrix {
 public:
  PanelMatrix() = default;
  /// Dequantizes and reorders on all threads.
  /// @param tensor [outputs, inputs], any floating or quantized type
  explicit PanelMatrix(const TensorView& tensor);

  std::size_t outputs() const { return outputs_; }
  std::size_t inputs() const { return inputs_; }
  bool empty() const { return outputs_ == 0; }

  /// Copies row `output` (an embedding). @param out [inputs]
  void row(std::size_t output, std::span<float> out) const;

  /// y = x W^T + b on all threads; the bits of a row of y depend on that row of x alone.
  /// @param x [rows, inputs] @param bias [outputs], or empty @param y [rows, outputs]
  void multiply(std::span<const float> x, std::span<const float> bias, std::span<float> y) const;

 private:
  std::size_t outputs_ = 0;
  std::size_t inputs_ = 0;
  AlignedFloats panels_;
};

}  // namespace everform
