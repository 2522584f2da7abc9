// The exponential moving average of weights, which is what a trained model is used with.
#pragma once

#include <torch/types.h>

#include <vector>

namespace everform {

/// average <- decay * average + (1 - decay) * weight after every step, beginning at the first weights. The
/// decay of update n (from 0) is min(decay, (1 + n) / (10 + n)), so that early averages forget the random
/// start.
class Ema {
 public:
  Ema(std::vector<torch::Tensor> weights, double decay);

  /// @param step updates before this one
  void update(std::int64_t step);
  /// In the order of the weights.
  std::vector<torch::Tensor>& averages() { return averages_; }

  /// Puts the averages in the weights' place as long as it lives.
  class Scope {
   public:
    explicit Scope(Ema* ema);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Ema* ema_;
    std::vector<torch::Tensor> saved_;
  };

 private:
  std::vector<torch::Tensor> weights_;
  std::vector<torch::Tensor> averages_;
  double decay_;
};

}  // namespace everform
