#include "everform/workbench/objectives/cross_entropy.h"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace everform {
namespace {

constexpr std::int64_t kChunkElements = std::int64_t{1} << 24;
constexpr std::int64_t kSmallestChunk = 64;

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

at::ScalarType product_type(const torch::Tensor& hidden) {
  const at::DeviceType device = hidden.device().type();
  return at::autocast::is_autocast_enabled(device) ? at::autocast::get_autocast_dtype(device)
                                                   : hidden.scalar_type();
}

/// The inputs of one call, prepared once.
struct Head {
  torch::Tensor hidden;   ///< [rows, width] in the product's type
  torch::Tensor weight;   ///< [vocabulary, width] in the product's type
  torch::Tensor bias;     ///< float32 [vocabulary] or undefined
  torch::Tensor targets;  ///< int64 [rows], valid everywhere
  torch::Tensor mask;     ///< float32 [rows] or undefined
  std::int64_t chunk = 0;

  Head(const torch::Tensor& all_hidden, const torch::Tensor& all_weight, const torch::Tensor& all_bias,
       const torch::Tensor& all_targets, const torch::Tensor& all_mask, std::int64_t rows_at_once)
      : hidden(all_hidden.detach().to(product_type(all_hidden))),
        weight(all_weight.detach().to(product_type(all_hidden))),
        targets(all_targets),
        chunk(rows_at_once > 0 ? rows_at_once
                               : std::max(kSmallestChunk, kChunkElements / all_weight.size(0))) {
    if (all_bias.defined()) {
      bias = all_bias.detach().to(at::kFloat);
    }
    if (all_mask.defined()) {
      mask = all_mask.to(at::kFloat);
      targets = targets.masked_fill(mask.eq(0), 0);
    }
  }

  std::int64_t rows() const { return hidden.size(0); }

  /// log softmax of rows [begin, begin + count), float32.
  torch::Tensor log_probabilities(std::int64_t begin, std::int64_t count) const {
    torch::Tensor logits = at::mm(hidden.narrow(0, begin, count), weight.t()).to(at::kFloat);
    if (bias.defined()) {
      logits.add_(bias);
    }
    return at::log_softmax(logits, -1);
  }

  /// The part of rows [begin, begin + count) in the sums.
  void add_to(CrossEntropy& sums, const torch::Tensor& log_probabilities, std::int64_t begin,
              std::int64_t count) const {
    const torch::Tensor wanted = targets.narrow(0, begin, count);
    torch::Tensor losses = log_probabilities.gather(1, wanted.unsqueeze(1)).squeeze(1).neg_();
    if (mask.defined()) {
      losses.mul_(mask.narrow(0, begin, count));
    }
    sums.sum.add_(losses.sum());
    if (sums.correct.defined()) {
      torch::Tensor right = log_probabilities.argmax(1).eq(wanted).to(at::kFloat);
      if (mask.defined()) {
        right.mul_(mask.narrow(0, begin, count));
      }
      sums.correct.add_(right.sum());
    }
  }

  /// d sum / d logits of the same rows, in the product's type; `log_probabilities` is used up.
  torch::Tensor logit_gradient(torch::Tensor log_probabilities, std::int64_t begin,
                               std::int64_t count) const {
    torch::Tensor gradient = log_probabilities.exp_();
    const torch::Tensor wanted = targets.narrow(0, begin, count).unsqueeze(1);
    gradient.scatter_add_(1, wanted, torch::full({1, 1}, -1.0F, gradient.options()).expand({count, 1}));
    if (mask.defined()) {
      gradient.mul_(mask.narrow(0, begin, count).unsqueeze(1));
    }
    return gradient.to(hidden.scalar_type());
  }
};

CrossEntropy empty_sums(const torch::Tensor& hidden, const CrossEntropyOptions& options) {
  const auto scalar = [&] {
    return torch::zeros({}, hidden.options().dtype(at::kFloat).requires_grad(false));
  };
  return {scalar(), options.count_correct ? scalar() : torch::Tensor()};
}

class CrossEntropyFunction : public torch::autograd::Function<CrossEntropyFunction> {
 public:
  // NOLINTNEXTLINE(readability-function-size): its arguments are the graph's inputs.
  static variable_list forward(AutogradContext* context, const Variable& hidden, const Variable& weight,
                               const Variable& bias, const Head& head, const CrossEntropyOptions& options) {
    CrossEntropy sums = empty_sums(hidden, options);
    torch::Tensor hidden_gradient = hidden.requires_grad() ? torch::empty_like(head.hidden) : torch::Tensor();
    torch::Tensor weight_gradient = weight.requires_grad()
                                        ? torch::zeros(weight.sizes(), weight.options().dtype(at::kFloat))
                                        : torch::Tensor();
    torch::Tensor bias_gradient = bias.defined() && bias.requires_grad()
                                      ? torch::zeros(bias.sizes(), bias.options().dtype(at::kFloat))
                                      : torch::Tensor();
    for (std::int64_t begin = 0; begin < head.rows(); begin += head.chunk) {
      const std::int64_t count = std::min(head.chunk, head.rows() - begin);
      torch::Tensor log_probabilities = head.log_probabilities(begin, count);
      head.add_to(sums, log_probabilities, begin, count);
      const torch::Tensor gradient = head.logit_gradient(std::move(log_probabilities), begin, count);
      if (hidden_gradient.defined()) {
        torch::Tensor part = hidden_gradient.narrow(0, begin, count);
        at::mm_out(part, gradient, head.weight);
      }
      if (weight_gradient.defined()) {
        weight_gradient.add_(at::mm(gradient.t(), head.hidden.narrow(0, begin, count)));
      }
      if (bias_gradient.defined()) {
        bias_gradient.add_(gradient.sum(0, false, at::kFloat));
      }
    }
    context->saved_data["hidden"] = hidden_gradient;
    context->saved_data["weight"] = weight_gradient;
    context->saved_data["bias"] = bias_gradient;
    context->saved_data["hidden_type"] = static_cast<std::int64_t>(hidden.scalar_type());
    if (!sums.correct.defined()) {
      return {sums.sum};
    }
    context->mark_non_differentiable({sums.correct});
    return {sums.sum, sums.correct};
  }

  static variable_list backward(AutogradContext* context, const variable_list& outer) {
    const auto scaled = [&](const char* name) {
      const torch::Tensor gradient = context->saved_data[name].toTensor();
      return gradient.defined() ? gradient * outer[0] : torch::Tensor();
    };
    torch::Tensor hidden = scaled("hidden");
    if (hidden.defined()) {
      hidden = hidden.to(static_cast<at::ScalarType>(context->saved_data["hidden_type"].toInt()));
    }
    return {hidden, scaled("weight"), scaled("bias"), torch::Tensor(), torch::Tensor()};
  }
};

}  // namespace

CrossEntropy cross_entropy(const torch::Tensor& hidden, const torch::Tensor& weight,
                           const torch::Tensor& bias, const torch::Tensor& targets, const torch::Tensor& mask,
                           const CrossEntropyOptions& options) {
  const Head head(hidden, weight, bias, targets, mask, options.chunk);
  const bool with_gradient =
      torch::GradMode::is_enabled() &&
      (hidden.requires_grad() || weight.requires_grad() || (bias.defined() && bias.requires_grad()));
  if (with_gradient) {
    // Autograd takes no undefined input: an empty one stands for no bias.
    const torch::Tensor given_bias =
        bias.defined() ? bias : torch::empty({0}, hidden.options().requires_grad(false));
    const variable_list results = CrossEntropyFunction::apply(hidden, weight, given_bias, head, options);
    return {results[0], results.size() > 1 ? results[1] : torch::Tensor()};
  }
  CrossEntropy sums = empty_sums(hidden, options);
  for (std::int64_t begin = 0; begin < head.rows(); begin += head.chunk) {
    const std::int64_t count = std::min(head.chunk, head.rows() - begin);
    head.add_to(sums, head.log_probabilities(begin, count), begin, count);
  }
  return sums;
}

CrossEntropy cross_entropy_of_logits(const torch::Tensor& logits, const torch::Tensor& targets,
                                     const torch::Tensor& mask, const CrossEntropyOptions& options) {
  const torch::Tensor weights = mask.defined() ? mask.to(at::kFloat) : torch::Tensor();
  const torch::Tensor wanted = mask.defined() ? targets.masked_fill(weights.eq(0), 0) : targets;
  const auto total = [&](const torch::Tensor& rows) {
    return (mask.defined() ? rows * weights : rows).sum();
  };
  const torch::Tensor log_probabilities = torch::log_softmax(logits, -1, at::kFloat);
  CrossEntropy sums;
  sums.sum = total(log_probabilities.gather(1, wanted.unsqueeze(1)).squeeze(1).neg());
  if (options.count_correct) {
    sums.correct = total(log_probabilities.detach().argmax(1).eq(wanted).to(at::kFloat));
  }
  return sums;
}

}  // namespace everform
