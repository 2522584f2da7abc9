// y = x W^T + b, the one linear map of the workbench, with a place where an adapter can add to it.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>

namespace everform {

/// What an adapter adds to a linear map.
class LinearAddition {
 public:
  virtual ~LinearAddition() = default;
  /// x [..., in] -> what is added to the map's output, [..., out]
  virtual torch::Tensor forward(const torch::Tensor& x) const = 0;
};

/// Parameters `weight` [out, in] and, where asked for, `bias` [out]; both zero until loaded or initialised.
class Linear : public torch::nn::Module {
 public:
  Linear(std::int64_t in, std::int64_t out, bool with_bias);

  /// x [..., in] -> [..., out]
  torch::Tensor forward(const torch::Tensor& x) const;

  std::int64_t in() const { return weight.size(1); }
  std::int64_t out() const { return weight.size(0); }
  /// Adds an adapter's part to every forward pass; nullptr takes it off.
  void set_addition(std::shared_ptr<const LinearAddition> addition) { addition_ = std::move(addition); }
  const std::shared_ptr<const LinearAddition>& addition() const { return addition_; }

  torch::Tensor weight;
  torch::Tensor bias;

 private:
  std::shared_ptr<const LinearAddition> addition_;
};

/// Parameter `weight` [rows, width]: a table of vectors.
class Embedding : public torch::nn::Module {
 public:
  Embedding(std::int64_t rows, std::int64_t width);
  /// int64 [...] -> [..., width]. Indices outside the table throw Error{kUsage}.
  torch::Tensor forward(const torch::Tensor& indices) const;

  torch::Tensor weight;
};

}  // namespace everform
