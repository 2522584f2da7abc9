#include "everform/workbench/evaluation/hidden_keys.h"

namespace everform {

double hidden_key_effect(Transformer& transformer, const torch::Tensor& tokens,
                         const torch::Tensor& replacement, const torch::Tensor& hidden, bool masked) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor seen = hidden.logical_not();
  const auto logits = [&](const torch::Tensor& input) {
    return transformer.logits(
        transformer.forward({.tokens = input, .key_mask = masked ? seen : torch::Tensor()}));
  };
  const torch::Tensor change = (logits(tokens) - logits(torch::where(hidden, replacement, tokens))).abs();
  return (change * seen.unsqueeze(2)).max().item<double>();
}

}  // namespace everform
