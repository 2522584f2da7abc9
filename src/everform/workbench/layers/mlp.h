// The token-wise half of a block: down(act(up(x))), or gated down(act(gate(x)) * up(x)) (Shazeer 2020, arXiv
// 2002.05202).
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>

#include "everform/core/recipes/transformer_config.h"
#include "everform/workbench/layers/linear.h"

namespace everform {

struct MlpOptions {
  std::int64_t width = 0;
  std::int64_t ff_width = 0;
  Activation activation = Activation::kGelu;
  bool gated = false;
  bool bias = false;
};

/// The activation by itself, elementwise.
torch::Tensor activate(const torch::Tensor& x, Activation activation);

/// Parameters up_proj, down_proj and, where gated, gate_proj.
class Mlp : public torch::nn::Module {
 public:
  explicit Mlp(const MlpOptions& options);
  /// [..., width] -> [..., width]
  torch::Tensor forward(const torch::Tensor& x) const;

  Activation activation() const { return activation_; }

  std::shared_ptr<Linear> gate_proj;  ///< nullptr unless gated
  std::shared_ptr<Linear> up_proj;
  std::shared_ptr<Linear> down_proj;

 private:
  Activation activation_;
};

}  // namespace everform
