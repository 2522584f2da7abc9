// Layer norm (Ba et al. 2016, arXiv 1607.06450) and RMS norm (Zhang & Sennrich 2019, arXiv 1910.07467) over
// the last dimension.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>

#include "everform/core/recipes/transformer_config.h"

namespace everform {

struct NormOptions {
  std::int64_t width = 0;
  NormKind kind = NormKind::kLayerNorm;
  double epsilon = 1e-5;
  bool bias = false;  ///< layer norm only
};

/// Layer norm: (x - mean) / sqrt(var + epsilon) * weight [+ bias]. RMS norm: x / sqrt(mean(x^2) + epsilon) *
/// weight. Parameters `weight` [width] (ones) and, where asked for, `bias` [width] (zeros). Statistics are
/// float32 at least.
class Norm : public torch::nn::Module {
 public:
  explicit Norm(const NormOptions& options);

  /// [..., width] -> [..., width]
  torch::Tensor forward(const torch::Tensor& x) const;

  const NormOptions& options() const { return options_; }

  torch::Tensor weight;
  torch::Tensor bias;

 private:
  NormOptions options_;
};

}  // namespace everform
