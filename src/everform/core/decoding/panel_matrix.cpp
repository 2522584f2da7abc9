#include "everform/core/decoding/panel_matrix.h"

#include <algorithm>

#include "everform/core/base/threads.h"
#include "everform/core/decoding/panel_product.h"

namespace everform {
namespace {

// Panels that one thread takes at a time: a multiple of what the widest kernels hold in registers.
constexpr std::size_t kPanelGrain = 12;

}  // namespace

PanelMatrix::PanelMatrix(const TensorView& tensor)
    : outputs_(static_cast<std::size_t>(tensor.shape.at(0))),
      inputs_(static_cast<std::size_t>(tensor.shape.at(1))) {
  const std::size_t panels = (outputs_ + kPanelLanes - 1) / kPanelLanes;
  panels_.resize(panels * inputs_ * kPanelLanes);
  const std::size_t row_bytes = tensor.data.size() / std::max<std::size_t>(outputs_, 1);
  default_pool().parallel_for(panels, kPanelGrain, [&](std::size_t begin, std::size_t end) {
    std::vector<float> values(inputs_);
    for (std::size_t o = begin * kPanelLanes; o < std::min(end * kPanelLanes, outputs_); ++o) {
      dequantize(tensor.type, tensor.data.subspan(o * row_bytes, row_bytes), values);
      float* column = panels_.data() + (o / kPanelLanes) * inputs_ * kPanelLanes + o % kPanelLanes;
      for (std::size_t k = 0; k < inputs_; ++k) {
        column[k * kPanelLanes] = values[k];
      }
    }
  });
}

void PanelMatrix::row(std::size_t output, std::span<float> out) const {
  const float* column =
      panels_.data() + (output / kPanelLanes) * inputs_ * kPanelLanes + output % kPanelLanes;
  for (std::size_t k = 0; k < inputs_; ++k) {
    out[k] = column[k * kPanelLanes];
  }
}

void PanelMatrix::multiply(std::span<const float> x, std::span<const float> bias, std::span<float> y) const {
  const std::size_t rows = x.size() / inputs_;
  const std::size_t panels = (outputs_ + kPanelLanes - 1) / kPanelLanes;
  default_pool().parallel_for(panels, kPanelGrain, [&](std::size_t begin, std::size_t end) {
    const std::size_t first = begin * kPanelLanes;
    const std::size_t count = std::min(end * kPanelLanes, outputs_) - first;
    multiply_panels({.x = x.data(),
                     .x_stride = inputs_,
                     .rows = rows,
                     .panels = panels_.data() + begin * inputs_ * kPanelLanes,
                     .panel_stride = inputs_ * kPanelLanes,
                     .input_stride = kPanelLanes,
                     .inputs = inputs_,
                     .out = y.data() + first,
                     .out_stride = outputs_,
                     .outputs = count});
    if (bias.empty()) {
      return;
    }
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t o = first; o < first + count; ++o) {
        y[r * outputs_ + o] += bias[o];
      }
    }
  });
}

}  // namespace everform
