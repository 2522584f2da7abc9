#include "everform/workbench/layers/mlp.h"

#include <torch/types.h>

namespace everform {

torch::Tensor activate(const torch::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::kGelu:
      return at::gelu(x);
    case Activation::kGeluTanh:
      return at::gelu(x, "tanh");
    case Activation::kRelu:
      return at::relu(x);
    case Activation::kSilu:
      break;
  }
  return at::silu(x);
}

Mlp::Mlp(const MlpOptions& options) : activation_(options.activation) {
  if (options.gated) {
    gate_proj =
        register_module("gate_proj", std::make_shared<Linear>(options.width, options.ff_width, options.bias));
  }
  up_proj =
      register_module("up_proj", std::make_shared<Linear>(options.width, options.ff_width, options.bias));
  down_proj =
      register_module("down_proj", std::make_shared<Linear>(options.ff_width, options.width, options.bias));
}

torch::Tensor Mlp::forward(const torch::Tensor& x) const {
  if (gate_proj) {
    return down_proj->forward(activate(gate_proj->forward(x), activation_) * up_proj->forward(x));
  }
  return down_proj->forward(activate(up_proj->forward(x), activation_));
}

}  // namespace everform
