// Update rules with their whole state in one serialisable struct; AdamW and Adam run as torch's fused
// kernels.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "everform/workbench/objectives/objective.h"

namespace everform {

/// kAdamW: Loshchilov and Hutter, ICLR 2019 (decoupled decay). kAdam: Kingma and Ba, ICLR 2015 (decay added
/// to the gradient). kSgd: with optional heavy-ball momentum, as torch.optim.SGD.
enum class OptimizerKind { kAdamW, kAdam, kSgd };

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::kAdamW;
  double weight_decay = 0.0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double momentum = 0.0;
};

/// All that an optimizer remembers between steps, in the order of its parameters.
struct OptimizerState {
  std::int64_t step = 0;                      ///< updates made
  std::vector<torch::Tensor> first_moments;   ///< momentum buffers of SGD; empty for SGD without momentum
  std::vector<torch::Tensor> second_moments;  ///< empty for SGD
};

class Optimizer {
 public:
  /// Parameters are leaf tensors with gradient, each at most once.
  Optimizer(const std::vector<ParameterGroup>& groups, OptimizerOptions options);

  /// One update from the parameters' gradients, each divided by `divisor` (a scalar on the parameters'
  /// device, so that nothing waits for it); parameters without a gradient keep their value. Gradients are
  /// unspecified afterwards.
  void step(double learning_rate, const torch::Tensor& divisor);
  /// Forgets the gradients.
  void clear_gradients();

  /// In the order of the groups.
  const std::vector<torch::Tensor>& parameters() const { return parameters_; }
  /// The gradients that are there.
  std::vector<torch::Tensor> gradients() const;
  OptimizerState& state() { return state_; }
  const OptimizerState& state() const { return state_; }

 private:
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
    double rate_scale = 1.0;
    double decay = 0.0;
  };
  struct Slots;
  void update_adam(const Slots& slots, double rate, double decay, const torch::Tensor& divisor);
  void update_sgd(const Slots& slots, double rate, double decay, const torch::Tensor& divisor);

  OptimizerOptions options_;
  std::vector<torch::Tensor> parameters_;
  std::vector<Range> ranges_;
  OptimizerState state_;
  torch::Tensor step_tensor_;
};

/// The groups of a phase: its own groups, and its other parameters split into those of two and more
/// dimensions, which decay, and vectors, which do not. Parameters that need no gradient are left out.
std::vector<ParameterGroup> parameter_groups(const Phase& phase);

/// The norm of all gradients together, as a float64 scalar on their device; 0 where there are none.
torch::Tensor gradient_norm(const std::vector<torch::Tensor>& gradients);

}  // namespace everform
