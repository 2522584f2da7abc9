#include "everform/workbench/layers/fused_linear.h"

#include <ATen/autocast_mode.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/csrc/autograd/custom_function.h>

namespace everform {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// One node where the plain composition has four (transpose, two views, product).
class FusedLinear : public torch::autograd::Function<FusedLinear> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x,
                               const torch::Tensor& weight) {
    const torch::Tensor rows = x.reshape({-1, x.size(-1)});
    context->save_for_backward({rows, weight});
    std::vector<std::int64_t> shape = x.sizes().vec();
    shape.back() = weight.size(0);
    return at::mm(rows, weight.t()).view(shape);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor dy = gradients[0].reshape({-1, gradients[0].size(-1)});
    std::vector<std::int64_t> shape = gradients[0].sizes().vec();
    shape.back() = saved[1].size(1);
    const torch::Tensor dx =
        context->needs_input_grad(0) ? at::mm(dy, saved[1]).view(shape) : torch::Tensor();
    const torch::Tensor dweight = context->needs_input_grad(1) ? at::mm(dy.t(), saved[0]) : torch::Tensor();
    return {dx, dweight};
  }
};

}  // namespace

at::ScalarType product_type() {
  return at::autocast::is_autocast_enabled(at::kCPU) ? at::autocast::get_autocast_dtype(at::kCPU)
                                                     : at::kFloat;
}

torch::Tensor fused_linear(const torch::Tensor& x, const std::vector<torch::Tensor>& weights) {
  std::vector<torch::Tensor> cast;
  for (const torch::Tensor& weight : weights) {
    cast.push_back(at::autocast::is_autocast_enabled(at::kCPU)
                       ? at::autocast::cached_cast(product_type(), weight, at::kCPU)
                       : weight);
  }
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::DispatchKey::AutocastCPU);
  return FusedLinear::apply(x, cast.size() == 1 ? cast[0] : at::cat(cast, 0));
}

}  // namespace everform
