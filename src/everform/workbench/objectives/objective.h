// What is learned: an objective turns a batch into losses, one phase for most, several where networks alternate.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "everform/core/base/random.h"

namespace everform {

/// One (micro-)batch of named arrays, all with the same first dimension.
struct Batch {
  std::map<std::string, torch::Tensor> arrays;

  const torch::Tensor& at(const std::string& name) const { return arrays.at(name); }
  std::int64_t items() const { return arrays.empty() ? 0 : arrays.begin()->second.size(0); }
};

/// Where in a training a loss is computed; every random choice of the loss comes from here.
struct StepContext {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  /// Index of the batch's first item in the global batch of this step, so that a split batch draws the same numbers.
  std::int64_t first_item = 0;
  bool training = true;

  /// The stream of one item of the global batch. @param purpose "dropout.3", "noise", ...
  RandomStream random(std::string_view purpose, std::int64_t item) const {
    return RandomStream(seed, purpose, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(first_item + item));
  }
};

/// A loss as a sum and its normaliser, so that accumulated and distributed batches average over all targets exactly.
struct Loss {
  torch::Tensor sum;          ///< scalar with gradient: the sum over targets
  double targets = 0;         ///< number of targets (tokens, items) in the sum
  std::map<std::string, torch::Tensor> figures;  ///< further sums over the same targets, for the metrics (no gradient)
};

struct Phase {
  std::string name = "main";
  std::vector<torch::Tensor> parameters;  ///< what this phase's optimizer step changes
  std::int64_t every = 1;                 ///< runs at steps divisible by it
  std::function<Loss(const Batch&, const StepContext&)> loss;
};

class Objective {
 public:
  virtual ~Objective() = default;
  virtual std::vector<Phase> phases() = 0;
};

}  // namespace everform
