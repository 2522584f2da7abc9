#include "everform/workbench/layers/fused_activation.h"

#include <torch/csrc/autograd/custom_function.h>

#include "everform/workbench/layers/kernel_tensors.h"

namespace everform {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Optional = std::optional<torch::Tensor>;

class FusedActivation : public torch::autograd::Function<FusedActivation> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const Optional& bias,
                               const Optional& factor, const Optional& factor_bias, Activation kind) {
    const torch::Tensor input = x.contiguous();
    const torch::Tensor other = factor ? factor->contiguous() : torch::Tensor();
    torch::Tensor y = torch::empty_like(input);
    context->save_for_backward({input, or_undefined(bias), other, or_undefined(factor_bias)});
    context->saved_data["kind"] = static_cast<std::int64_t>(kind);
    kernels::ActivationForward args = forward_args(context->saved_data["kind"].toInt(), input,
                                                   or_undefined(bias), other, or_undefined(factor_bias));
    args.y = kernel_array(y);
    for_row_chunks(input.numel() / args.width, [&](std::int64_t, std::int64_t begin, std::int64_t end) {
      kernels::table().activation_forward(args, begin, end);
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor dy = gradients[0].contiguous();
    const std::int64_t width = saved[0].size(-1);
    const std::int64_t rows = saved[0].numel() / width;
    const torch::Tensor dx = torch::empty_like(saved[0]);
    const torch::Tensor dfactor = saved[2].defined() ? torch::empty_like(saved[2]) : torch::Tensor();
    ChunkedSums dbias(rows, width, saved[1].defined());
    ChunkedSums dfactor_bias(rows, width, saved[3].defined());
    const kernels::ActivationBackward args{
        .forward = forward_args(context->saved_data["kind"].toInt(), saved[0], saved[1], saved[2], saved[3]),
        .dy = kernel_array(dy),
        .dx = kernel_array(dx),
        .dfactor = kernel_array(dfactor)};
    for_row_chunks(rows, [&](std::int64_t chunk, std::int64_t begin, std::int64_t end) {
      kernels::ActivationBackward part = args;
      part.dbias = dbias.at(chunk);
      part.dfactor_bias = dfactor_bias.at(chunk);
      kernels::table().activation_backward(part, begin, end);
    });
    return {dx, dbias.total(), dfactor, dfactor_bias.total(), {}};
  }

 private:
  static kernels::ActivationForward forward_args(std::int64_t kind, const torch::Tensor& x,
                                                 const torch::Tensor& bias, const torch::Tensor& factor,
                                                 const torch::Tensor& factor_bias) {
    return {.width = x.size(-1),
            .kind = static_cast<Activation>(kind),
            .x = kernel_array(x),
            .bias = float_data(bias),
            .factor = kernel_array(factor),
            .factor_bias = float_data(factor_bias)};
  }
};

}  // namespace

torch::Tensor fused_activation(const torch::Tensor& x, const torch::Tensor& bias, const torch::Tensor& factor,
                               const torch::Tensor& factor_bias, Activation kind) {
  return FusedActivation::apply(x, or_nothing(bias), or_nothing(factor), or_nothing(factor_bias), kind);
}

}  // namespace everform
