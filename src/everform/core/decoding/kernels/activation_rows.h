// Rows of activations as the packed products read them: prepared once, shared by every product of one input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace everform {

/// kInt8: blocks of 32 values as signed bytes with a float scale, and the sum of each block.
/// kFloat32: the values as they are.
enum class ActivationPrecision { kFloat32, kInt8 };

/// Rows [rows, inputs]. Each row's form depends on its own values alone.
class ActivationRows {
 public:
  /// Forgets what was there. Memory is kept for the next call.
  void resize(ActivationPrecision precision, std::size_t rows, std::size_t inputs);
  /// Prepares one row. Rows may be set from several threads at once. @param values [inputs]
  void set(std::size_t row, std::span<const float> values);

  ActivationPrecision precision() const { return precision_; }
  std::size_t rows() const { return rows_; }
  std::size_t inputs() const { return inputs_; }

 private:
  ActivationPrecision precision_ = ActivationPrecision::kFloat32;
  std::size_t rows_ = 0;
  std::size_t inputs_ = 0;
};

}  // namespace everform
