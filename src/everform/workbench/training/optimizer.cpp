#include "everform/workbench/training/optimizer.h"

#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_div.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <torch/utils.h>

namespace everform {
namespace {

using FusedUpdate = void (*)(at::TensorList, at::TensorList, at::TensorList, at::TensorList, at::TensorList,
                             at::TensorList, double, double, double, double, double, bool, bool,
                             const std::optional<at::Tensor>&, const std::optional<at::Tensor>&);

}  // namespace

/// The parameters of one range that have gradients, with what belongs to them.
struct Optimizer::Slots {
  std::vector<torch::Tensor> parameters;
  std::vector<torch::Tensor> gradients;
  std::vector<torch::Tensor> first_moments;
  std::vector<torch::Tensor> second_moments;
};

Optimizer::Optimizer(const std::vector<ParameterGroup>& groups, OptimizerOptions options)
    : options_(options) {
  for (const ParameterGroup& group : groups) {
    const std::size_t begin = parameters_.size();
    parameters_.insert(parameters_.end(), group.parameters.begin(), group.parameters.end());
    ranges_.push_back({begin, parameters_.size(), group.learning_rate_scale,
                       group.weight_decay_scale * options_.weight_decay});
  }
  const bool adaptive = options_.kind != OptimizerKind::kSgd;
  for (const torch::Tensor& parameter : parameters_) {
    if (adaptive || options_.momentum > 0.0) {
      state_.first_moments.push_back(torch::zeros_like(parameter));
    }
    if (adaptive) {
      state_.second_moments.push_back(torch::zeros_like(parameter));
    }
  }
  if (!parameters_.empty()) {
    step_tensor_ = torch::zeros({}, parameters_[0].options().dtype(at::kFloat).requires_grad(false));
  }
}

void Optimizer::step(double learning_rate, const torch::Tensor& divisor) {
  const torch::NoGradGuard no_grad;
  ++state_.step;
  for (const Range& range : ranges_) {
    Slots slots;
    for (std::size_t i = range.begin; i < range.end; ++i) {
      if (!parameters_[i].grad().defined()) {
        continue;
      }
      slots.parameters.push_back(parameters_[i]);
      slots.gradients.push_back(parameters_[i].grad());
      if (!state_.first_moments.empty()) {
        slots.first_moments.push_back(state_.first_moments[i]);
      }
      if (!state_.second_moments.empty()) {
        slots.second_moments.push_back(state_.second_moments[i]);
      }
    }
    if (slots.parameters.empty()) {
      continue;
    }
    const double rate = learning_rate * range.rate_scale;
    if (options_.kind == OptimizerKind::kSgd) {
      update_sgd(slots, rate, range.decay, divisor);
    } else {
      update_adam(slots, rate, range.decay, divisor);
    }
  }
}

void Optimizer::update_adam(const Slots& slots, double rate, double decay, const torch::Tensor& divisor) {
  // The kernels read one step counter a parameter; all are at the same step, so that one tensor serves them
  // all.
  step_tensor_.fill_(static_cast<double>(state_.step));
  const std::vector<torch::Tensor> steps(slots.parameters.size(), step_tensor_);
  const auto update = options_.kind == OptimizerKind::kAdamW ? static_cast<FusedUpdate>(at::_fused_adamw_)
                                                             : static_cast<FusedUpdate>(at::_fused_adam_);
  update(slots.parameters, slots.gradients, slots.first_moments, slots.second_moments, {}, steps, rate,
         options_.beta1, options_.beta2, decay, options_.epsilon, /*amsgrad=*/false, /*maximize=*/false,
         divisor, std::nullopt);
}

void Optimizer::update_sgd(const Slots& slots, double rate, double decay, const torch::Tensor& divisor) {
  at::_foreach_div_(slots.gradients, divisor);
  if (decay > 0.0) {
    at::_foreach_add_(slots.gradients, slots.parameters, decay);
  }
  if (slots.first_moments.empty()) {
    at::_foreach_add_(slots.parameters, slots.gradients, -rate);
    return;
  }
  at::_foreach_mul_(slots.first_moments, options_.momentum);
  at::_foreach_add_(slots.first_moments, slots.gradients, 1.0);
  at::_foreach_add_(slots.parameters, slots.first_moments, -rate);
}

void Optimizer::clear_gradients() {
  for (torch::Tensor& parameter : parameters_) {
    parameter.mutable_grad().reset();
  }
}

std::vector<torch::Tensor> Optimizer::gradients() const {
  std::vector<torch::Tensor> gradients;
  for (const torch::Tensor& parameter : parameters_) {
    if (parameter.grad().defined()) {
      gradients.push_back(parameter.grad());
    }
  }
  return gradients;
}

std::vector<ParameterGroup> parameter_groups(const Phase& phase) {
  ParameterGroup matrices;
  ParameterGroup vectors{.parameters = {}, .learning_rate_scale = 1.0, .weight_decay_scale = 0.0};
  for (const torch::Tensor& parameter : phase.parameters) {
    if (parameter.requires_grad()) {
      (parameter.dim() >= 2 ? matrices : vectors).parameters.push_back(parameter);
    }
  }
  std::vector<ParameterGroup> groups{std::move(matrices), std::move(vectors)};
  for (const ParameterGroup& group : phase.groups) {
    ParameterGroup trained = group;
    std::erase_if(trained.parameters,
                  [](const torch::Tensor& parameter) { return !parameter.requires_grad(); });
    groups.push_back(std::move(trained));
  }
  return groups;
}

torch::Tensor gradient_norm(const std::vector<torch::Tensor>& gradients) {
  if (gradients.empty()) {
    return torch::zeros({}, at::kDouble);
  }
  return torch::stack(at::_foreach_norm(gradients)).to(at::kDouble).norm();
}

}  // namespace everform
