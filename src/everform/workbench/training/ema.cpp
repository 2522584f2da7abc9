#include "everform/workbench/training/ema.h"

#include <ATen/ops/_foreach_lerp.h>
#include <torch/utils.h>

#include <algorithm>

namespace everform {

Ema::Ema(std::vector<torch::Tensor> weights, double decay) : weights_(std::move(weights)), decay_(decay) {
  for (const torch::Tensor& weight : weights_) {
    averages_.push_back(weight.detach().clone());
  }
}

void Ema::update(std::int64_t step) {
  const torch::NoGradGuard no_grad;
  const auto updates = static_cast<double>(step);
  const double decay = std::min(decay_, (1.0 + updates) / (10.0 + updates));
  at::_foreach_lerp_(averages_, weights_, 1.0 - decay);
}

Ema::Scope::Scope(Ema* ema) : ema_(ema) {
  if (ema_ == nullptr) {
    return;
  }
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < ema_->weights_.size(); ++i) {
    saved_.push_back(ema_->weights_[i].detach().clone());
    ema_->weights_[i].copy_(ema_->averages_[i]);
  }
}

Ema::Scope::~Scope() {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < saved_.size(); ++i) {
    ema_->weights_[i].copy_(saved_[i]);
  }
}

}  // namespace everform
