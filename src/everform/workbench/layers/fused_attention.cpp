#include "everform/workbench/layers/fused_attention.h"

#include <torch/csrc/autograd/custom_function.h>

#include <memory>
#include <new>

#include "everform/workbench/layers/kernel_tensors.h"

namespace everform {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Optional = std::optional<torch::Tensor>;

struct AlignedDelete {
  void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t{64}); }
};

/// Runs body(begin, end, scratch) over the tasks on all threads.
template <typename Body>
void for_tasks(const kernels::AttentionShape& shape, const Body& body) {
  const std::size_t bytes = kernels::attention_scratch(shape);
  ThreadPool& pool = default_pool();
  // A few shares a thread, so that one that is held up delays little; each pays for its scratch memory once.
  const std::size_t grain = std::max<std::size_t>(
      1, static_cast<std::size_t>(shape.tasks()) / (4 * static_cast<std::size_t>(pool.threads())));
  pool.parallel_for(static_cast<std::size_t>(shape.tasks()), grain, [&](std::size_t begin, std::size_t end) {
    const std::unique_ptr<std::byte, AlignedDelete> scratch(
        static_cast<std::byte*>(::operator new(bytes, std::align_val_t{64})));
    body(static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end), scratch.get());
  });
}

kernels::AttentionForward forward_args(const kernels::AttentionShape& shape, const torch::Tensor& qkv,
                                       const torch::Tensor& bias, const torch::Tensor& cosine,
                                       const torch::Tensor& sine, const torch::Tensor& key_bias,
                                       const torch::Tensor& out, const torch::Tensor& log_sum) {
  kernels::AttentionForward args{.shape = shape,
                                 .qkv = kernel_array(qkv),
                                 .bias = float_data(bias),
                                 .cosine = float_data(cosine),
                                 .sine = float_data(sine),
                                 .key_bias = float_data(key_bias),
                                 .out = kernel_array(out),
                                 .log_sum = log_sum.data_ptr<float>()};
  if (cosine.defined()) {
    args.shape.rotated = 2 * cosine.size(-1);
    args.angle_stride = cosine.dim() == 3 ? cosine.size(1) * cosine.size(2) : 0;
  }
  return args;
}

class FusedAttention : public torch::autograd::Function<FusedAttention> {
 public:
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& fused, const Optional& bias,
                               const kernels::AttentionShape& shape, const Optional& cosine,
                               const Optional& sine, const Optional& key_bias) {
    const torch::Tensor qkv = fused.contiguous();
    const torch::Tensor out =
        torch::empty({shape.batch, shape.tokens, shape.heads * shape.head_width}, qkv.options());
    const torch::Tensor log_sum =
        torch::empty({shape.batch, shape.heads, shape.tokens}, torch::dtype(at::kFloat));
    const kernels::AttentionForward args =
        forward_args(shape, qkv, or_undefined(bias), or_undefined(cosine), or_undefined(sine),
                     or_undefined(key_bias), out, log_sum);
    for_tasks(shape, [&](std::int64_t begin, std::int64_t end, void* scratch) {
      kernels::table().attention_forward(args, begin, end, scratch);
    });
    context->save_for_backward({qkv, or_undefined(bias), or_undefined(cosine), or_undefined(sine),
                                or_undefined(key_bias), out, log_sum});
    context->saved_data["heads"] = shape.heads;
    context->saved_data["kv_heads"] = shape.kv_heads;
    context->saved_data["causal"] = shape.causal;
    context->saved_data["scale"] = static_cast<double>(shape.scale);
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const torch::Tensor& qkv = saved[0];
    const torch::Tensor dout = gradients[0].contiguous();
    kernels::AttentionShape shape{.batch = qkv.size(0),
                                  .tokens = qkv.size(1),
                                  .heads = context->saved_data["heads"].toInt(),
                                  .kv_heads = context->saved_data["kv_heads"].toInt(),
                                  .causal = context->saved_data["causal"].toBool(),
                                  .scale = static_cast<float>(context->saved_data["scale"].toDouble())};
    shape.head_width = qkv.size(2) / (shape.heads + 2 * shape.kv_heads);
    const torch::Tensor dqkv = torch::empty_like(qkv);
    const torch::Tensor dbias = saved[1].defined()
                                    ? torch::empty({shape.batch, shape.row()}, torch::dtype(at::kFloat))
                                    : torch::Tensor();
    const kernels::AttentionBackward args{
        .forward = forward_args(shape, qkv, saved[1], saved[2], saved[3], saved[4], saved[5], saved[6]),
        .dout = kernel_array(dout),
        .dqkv = kernel_array(dqkv),
        .dbias = dbias.defined() ? dbias.data_ptr<float>() : nullptr};
    for_tasks(shape, [&](std::int64_t begin, std::int64_t end, void* scratch) {
      kernels::table().attention_backward(args, begin, end, scratch);
    });
    return {dqkv, dbias.defined() ? sum_in_order(dbias) : dbias, {}, {}, {}, {}};
  }

 private:
  /// [rows, width] -> [width], a row after the other.
  static torch::Tensor sum_in_order(const torch::Tensor& rows) {
    torch::Tensor total = torch::zeros({rows.size(1)}, rows.options());
    for (std::int64_t i = 0; i < rows.size(0); ++i) {
      total.add_(rows[i]);
    }
    return total;
  }
};

}  // namespace

bool can_fuse_attention(const AttentionOptions& options, const AttentionMask& mask) {
  const bool only_keys = !mask.bias.defined() || mask.key_bias.defined();
  return options.memory_width == 0 && only_keys && options.head_width <= kernels::kLargestHead;
}

torch::Tensor fused_attention(const torch::Tensor& qkv, const torch::Tensor& bias,
                              const AttentionOptions& options, const AttentionMask& mask) {
  const kernels::AttentionShape shape{.batch = qkv.size(0),
                                      .tokens = qkv.size(1),
                                      .heads = options.heads,
                                      .kv_heads = options.kv_heads,
                                      .head_width = options.head_width,
                                      .causal = mask.causal,
                                      .scale = static_cast<float>(options.scale)};
  return FusedAttention::apply(qkv, or_nothing(bias), shape, or_nothing(mask.cosine), or_nothing(mask.sine),
                               or_nothing(mask.key_bias));
}

}  // namespace everform
