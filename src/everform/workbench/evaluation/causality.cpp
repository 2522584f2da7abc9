#include "everform/workbench/evaluation/causality.h"

#include "everform/workbench/objectives/per_position_bce.h"

namespace everform {

std::int64_t causal_places(Transformer& transformer, const torch::Tensor& vectors, std::int64_t stride) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor logits = strided_logits(transformer, vectors, stride);
  std::int64_t unchanged = 0;
  for (std::int64_t i = 0; i < logits.size(1); ++i) {
    torch::Tensor changed = vectors.clone();
    changed.slice(1, stride * i + 1).mul_(-0.7).add_(0.3);
    const torch::Tensor after = strided_logits(transformer, changed, stride);
    unchanged += after.slice(1, 0, i + 1).equal(logits.slice(1, 0, i + 1)) ? 1 : 0;
  }
  return unchanged;
}

}  // namespace everform
