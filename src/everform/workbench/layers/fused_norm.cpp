#include "everform/workbench/layers/fused_norm.h"

#include <torch/csrc/autograd/custom_function.h>

#include "everform/workbench/layers/kernel_tensors.h"

namespace everform {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Optional = std::optional<torch::Tensor>;

/// What is fixed between forward and backward.
struct Shape {
  double epsilon = 0.0;
  bool rms = false;
  bool normed = false;
  at::ScalarType type = at::kFloat;
};

class FusedNorm : public torch::autograd::Function<FusedNorm> {
 public:
  static variable_list forward(AutogradContext* context, const torch::Tensor& x, const Optional& change,
                               const Optional& change_bias, const Optional& gain, const Optional& bias,
                               const Shape& shape) {
    const torch::Tensor input = x.contiguous();
    const torch::Tensor delta = change ? change->contiguous() : torch::Tensor();
    const std::int64_t width = input.size(-1);
    const std::int64_t rows = input.numel() / width;
    const torch::Tensor sum = delta.defined() ? torch::empty_like(input) : input;
    const torch::Tensor normed =
        shape.normed ? torch::empty(input.sizes(), input.options().dtype(shape.type)) : torch::Tensor();
    const torch::Tensor statistics = torch::empty({2, shape.normed ? rows : 0}, torch::dtype(at::kFloat));
    const kernels::NormForward args{.width = width,
                                    .x = kernel_array(input),
                                    .change = kernel_array(delta),
                                    .change_bias = float_data(or_undefined(change_bias)),
                                    .sum = kernel_array(sum),
                                    .gain = float_data(or_undefined(gain)),
                                    .bias = float_data(or_undefined(bias)),
                                    .epsilon = static_cast<float>(shape.epsilon),
                                    .rms = shape.rms,
                                    .y = kernel_array(normed),
                                    .mean = statistics.data_ptr<float>(),
                                    .scale = statistics.data_ptr<float>() + statistics.size(1)};
    for_row_chunks(rows, [&](std::int64_t, std::int64_t begin, std::int64_t end) {
      kernels::table().norm_forward(args, begin, end);
    });
    context->save_for_backward({shape.normed ? sum : torch::Tensor(), statistics, or_undefined(gain)});
    context->saved_data["rms"] = shape.rms;
    context->saved_data["x_type"] = static_cast<std::int64_t>(input.scalar_type());
    context->saved_data["change_type"] =
        static_cast<std::int64_t>(delta.defined() ? delta.scalar_type() : at::kFloat);
    context->saved_data["wants"] =
        std::vector<bool>{delta.defined(), change_bias.has_value(), gain.has_value(), bias.has_value()};
    context->set_materialize_grads(false);
    return shape.normed ? variable_list{sum, normed} : variable_list{sum};
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto wants = context->saved_data["wants"].toBoolList();
    const auto x_type = static_cast<at::ScalarType>(context->saved_data["x_type"].toInt());
    const auto change_type = static_cast<at::ScalarType>(context->saved_data["change_type"].toInt());
    const torch::Tensor dsum = gradients[0].defined() ? gradients[0].contiguous() : torch::Tensor();
    const bool normed = gradients.size() > 1 && gradients[1].defined();
    const torch::Tensor dy = normed ? gradients[1].contiguous() : torch::Tensor();
    if (!dsum.defined() && !dy.defined()) {
      return variable_list(6);
    }
    const torch::Tensor& like = dsum.defined() ? dsum : dy;
    const std::int64_t width = like.size(-1);
    const std::int64_t rows = like.numel() / width;
    const torch::Tensor dx = torch::empty(like.sizes(), like.options().dtype(x_type));
    const bool separate = wants[0] && change_type != x_type;
    const torch::Tensor dchange =
        separate ? torch::empty(like.sizes(), like.options().dtype(change_type)) : torch::Tensor();
    ChunkedSums dgain(rows, width, wants[2] && dy.defined());
    ChunkedSums dbias(rows, width, wants[3] && dy.defined());
    ChunkedSums dchange_bias(rows, width, wants[1]);
    kernels::NormBackward args{.width = width,
                               .dy = kernel_array(dy),
                               .dsum = kernel_array(dsum),
                               .sum = kernel_array(saved[0]),
                               .mean = saved[1].const_data_ptr<float>(),
                               .scale = saved[1].const_data_ptr<float>() + saved[1].size(1),
                               .gain = float_data(saved[2]),
                               .rms = context->saved_data["rms"].toBool(),
                               .dx = kernel_array(dx),
                               .dchange = kernel_array(dchange)};
    for_row_chunks(rows, [&](std::int64_t chunk, std::int64_t begin, std::int64_t end) {
      kernels::NormBackward part = args;
      part.dgain = dgain.at(chunk);
      part.dbias = dbias.at(chunk);
      part.dchange_bias = dchange_bias.at(chunk);
      kernels::table().norm_backward(part, begin, end);
    });
    return {dx,
            wants[0] ? (separate ? dchange : dx) : torch::Tensor(),
            dchange_bias.total(),
            dgain.total(),
            dbias.total(),
            {}};
  }
};

}  // namespace

bool can_fuse_norm(const torch::Tensor& x, const Norm& norm) {
  return kernel_readable(x) && norm.weight.is_cpu() && norm.weight.scalar_type() == at::kFloat &&
         x.numel() > 0;
}

SumAndNorm fused_norm(const torch::Tensor& x, const torch::Tensor& change, const torch::Tensor& change_bias,
                      const Norm* norm, at::ScalarType type) {
  Shape shape{.normed = norm != nullptr, .type = type};
  Optional gain;
  Optional bias;
  if (norm != nullptr) {
    shape.epsilon = norm->options().epsilon;
    shape.rms = norm->options().kind == NormKind::kRmsNorm;
    gain = norm->weight;
    bias = or_nothing(norm->bias);
  }
  const variable_list out =
      FusedNorm::apply(x, or_nothing(change), or_nothing(change_bias), gain, bias, shape);
  return {out[0], norm != nullptr ? out[1] : torch::Tensor()};
}

}  // namespace everform
