#include "everform/core/decoding/kernels/packed_matrix.h"

#include <algorithm>
#include <string>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/core/base/threads.h"
#include "everform/core/decoding/kernels/panel_kernels.h"
#include "everform/core/decoding/kernels/panel_layout.h"
#include "everform/core/decoding/kernels/panel_memory.h"
#include "everform/core/decoding/kernels/panel_packing.h"
#include "everform/core/io/tensor_size.h"

namespace everform {
namespace {

// Panels that one thread packs at a time.
constexpr std::size_t kPackGrain = 4;

class PanelsInMemory final : public PackedMatrix {
 public:
  PanelsInMemory(const TensorView& tensor, const PanelKernels& kernels);

  std::size_t outputs() const override { return layout_.outputs; }
  std::size_t inputs() const override { return layout_.inputs; }
  std::size_t bytes() const override { return panels_.size(); }
  std::size_t panels() const override { return layout_.panels(); }
  std::size_t panel_outputs() const override { return kPanelOutputs; }
  ActivationPrecision fast_precision() const override;
  void multiply(const ActivationRows& x, std::size_t first, std::size_t last, float* y,
                std::size_t stride) const override;
  void row(std::size_t output, std::span<float> out) const override;

 private:
  void pack(const TensorView& tensor, std::size_t panel);

  PanelKernels kernels_;
  PanelLayout layout_;
  PanelMemory panels_;
};

ElementType packed_type(ElementType type) {
  return has_panel_layout(type) ? type : ElementType::kF32;
}

PanelsInMemory::PanelsInMemory(const TensorView& tensor, const PanelKernels& kernels)
    : kernels_(kernels),
      layout_(make_panel_layout(packed_type(tensor.type), static_cast<std::size_t>(tensor.shape[0]),
                                static_cast<std::size_t>(tensor.shape[1]))),
      panels_(layout_.panels() * layout_.panel_bytes) {
  default_pool().parallel_for(layout_.panels(), kPackGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t panel = begin; panel < end; ++panel) {
      pack(tensor, panel);
    }
  });
}

void PanelsInMemory::pack(const TensorView& tensor, std::size_t panel) {
  const std::size_t first = panel * kPanelOutputs;
  const std::size_t count = std::min(kPanelOutputs, layout_.outputs - first);
  const std::size_t row_bytes = tensor.data.size() / layout_.outputs;
  const bool convert = tensor.type != layout_.type;
  std::vector<float> converted(convert ? count * layout_.inputs : 0);
  std::vector<const std::byte*> rows(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto stored = tensor.data.subspan((first + i) * row_bytes, row_bytes);
    rows[i] = stored.data();
    if (convert) {
      const std::span<float> values(converted.data() + i * layout_.inputs, layout_.inputs);
      dequantize(tensor.type, stored, values);
      rows[i] = std::as_bytes(values).data();
    }
  }
  pack_panel(layout_, rows, {panels_.data() + panel * layout_.panel_bytes, layout_.panel_bytes});
}

ActivationPrecision PanelsInMemory::fast_precision() const {
  if (layout_.scale_kind != ScaleKind::kNone) {
    return ActivationPrecision::kInt8;
  }
  return layout_.type == ElementType::kBF16 ? ActivationPrecision::kBFloat16 : ActivationPrecision::kFloat32;
}

void PanelsInMemory::multiply(const ActivationRows& x, std::size_t first, std::size_t last, float* y,
                              std::size_t stride) const {
  PanelJob job{.layout = &layout_,
               .panels = panels_.data(),
               .first = first,
               .last = std::min(last, layout_.panels()),
               .x = &x,
               .y = y,
               .stride = stride};
  if (x.precision() == ActivationPrecision::kFloat32 || x.precision() == fast_precision()) {
    kernels_.multiply(job);
    return;
  }
  // Another matrix's fast form.
  thread_local ActivationRows widened;
  thread_local std::vector<float> values;
  widened.resize(ActivationPrecision::kFloat32, x.rows(), x.inputs());
  values.resize(x.inputs());
  for (std::size_t row = 0; row < x.rows(); ++row) {
    x.read(row, values);
    widened.set(row, values);
  }
  job.x = &widened;
  kernels_.multiply(job);
}

void PanelsInMemory::row(std::size_t output, std::span<float> out) const {
  const std::byte* panel = panels_.data() + output / kPanelOutputs * layout_.panel_bytes;
  read_panel_row(layout_, panel, output % kPanelOutputs, out);
}

void check(const TensorView& tensor) {
  const std::string where = "packing tensor '" + printable(tensor.name) + "'";
  if (tensor.shape.size() != 2 || tensor.shape[0] < 1 || tensor.shape[1] < 1) {
    throw Error(ErrorKind::kBadInput, where,
                "shape " + shape_text(tensor.shape) + " is no matrix [outputs, inputs]");
  }
  const std::uint64_t bytes = tensor_bytes(tensor.type, tensor.shape, tensor.name, where);
  if (tensor.data.size() != bytes) {
    throw Error(ErrorKind::kBadInput, where,
                std::to_string(tensor.data.size()) + " bytes of data, but " + shape_text(tensor.shape) +
                    " of " + std::string(element_name(tensor.type)) + " takes " + std::to_string(bytes));
  }
}

}  // namespace

std::unique_ptr<PackedMatrix> pack_matrix(const TensorView& tensor, const PanelKernels& kernels) {
  check(tensor);
  return std::make_unique<PanelsInMemory>(tensor, kernels);
}

std::unique_ptr<PackedMatrix> pack_matrix(const TensorView& tensor) {
  return pack_matrix(tensor, supported_panel_sets().front());
}

}  // namespace everform
