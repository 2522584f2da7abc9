// Tensors as the kernels see them, and rows split over threads.
#pragma once

#include <torch/types.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "everform/core/base/threads.h"
#include "everform/workbench/layers/kernels.h"

namespace everform {

/// True where the kernels can read the tensor: on the CPU, in float32 or bfloat16.
inline bool kernel_readable(const torch::Tensor& x) {
  return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

/// The tensor must be contiguous and outlive the view; undefined gives null.
inline kernels::Array kernel_array(const torch::Tensor& x) {
  return x.defined() ? kernels::Array{x.data_ptr(), x.scalar_type() == at::kBFloat16} : kernels::Array{};
}

inline const float* float_data(const torch::Tensor& x) {
  return x.defined() ? x.const_data_ptr<float>() : nullptr;
}

inline torch::Tensor or_undefined(const std::optional<torch::Tensor>& x) {
  return x.value_or(torch::Tensor());
}
inline std::optional<torch::Tensor> or_nothing(const torch::Tensor& x) {
  return x.defined() ? std::optional<torch::Tensor>(x) : std::nullopt;
}

/// Rows that one call of a kernel takes: sums over rows are sums over such chunks, whatever the number of
/// threads.
inline constexpr std::int64_t kRowsPerChunk = 64;

/// Calls body(chunk, begin, end) for every chunk of the rows.
template <typename Body>
void for_row_chunks(std::int64_t rows, const Body& body) {
  const std::int64_t chunks = (rows + kRowsPerChunk - 1) / kRowsPerChunk;
  default_pool().parallel_for(
      static_cast<std::size_t>(chunks), 1, [&](std::size_t first, std::size_t /*last*/) {
        const auto chunk = static_cast<std::int64_t>(first);
        body(chunk, chunk * kRowsPerChunk, std::min(rows, (chunk + 1) * kRowsPerChunk));
      });
}

/// Sums over rows: a row of partial sums for every chunk, added up in order at the end.
class ChunkedSums {
 public:
  /// @param wanted false: at() gives null and total() an undefined tensor
  ChunkedSums(std::int64_t rows, std::int64_t width, bool wanted)
      : chunks_((rows + kRowsPerChunk - 1) / kRowsPerChunk), width_(width) {
    if (wanted) {
      partial_.assign(static_cast<std::size_t>(chunks_ * width_), 0.0F);
    }
  }

  float* at(std::int64_t chunk) { return partial_.empty() ? nullptr : partial_.data() + chunk * width_; }

  /// [width]
  torch::Tensor total() const {
    if (partial_.empty()) {
      return {};
    }
    torch::Tensor sum = torch::zeros({width_}, torch::dtype(at::kFloat));
    float* const out = sum.data_ptr<float>();
    for (std::int64_t chunk = 0; chunk < chunks_; ++chunk) {
      for (std::int64_t i = 0; i < width_; ++i) {
        out[i] += partial_[static_cast<std::size_t>(chunk * width_ + i)];
      }
    }
    return sum;
  }

 private:
  std::int64_t chunks_;
  std::int64_t width_;
  std::vector<float> partial_;
};

}  // namespace everform
