#include "everform/workbench/layers/norms.h"

#include <torch/types.h>

#include "everform/workbench/layers/fused_norm.h"

namespace everform {

namespace {

torch::Tensor rms_norm(const torch::Tensor& x, const torch::Tensor& weight, double epsilon) {
  const torch::Tensor wide = x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
  const torch::Tensor scale = at::rsqrt(wide.square().mean(-1, true) + epsilon);
  return (wide * scale * weight).to(x.scalar_type());
}

}  // namespace

Norm::Norm(const NormOptions& options) : options_(options) {
  weight = register_parameter("weight", torch::ones({options.width}));
  if (options.bias && options.kind == NormKind::kLayerNorm) {
    bias = register_parameter("bias", torch::zeros({options.width}));
  }
}

torch::Tensor Norm::forward(const torch::Tensor& x) const {
  if (can_fuse_norm(x, *this)) {
    return fused_norm(x, {}, {}, this, x.scalar_type()).normed;
  }
  if (options_.kind == NormKind::kRmsNorm) {
    return rms_norm(x, weight, options_.epsilon);
  }
  const torch::Tensor wide = x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
  return at::layer_norm(wide, {options_.width}, weight, bias, options_.epsilon).to(x.scalar_type());
}

}  // namespace everform
