// What is learned: an objective turns a batch into losses, one phase for most, several where networks
// alternate.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "everform/core/base/random.h"

namespace everform {

/// One (micro-)batch of named arrays, all with the same first dimension unless they are packed.
struct Batch {
  std::map<std::string, torch::Tensor> arrays;
  /// Number of items where it is not the first dimension of the arrays (packed ones); -1: it is.
  std::int64_t item_count = -1;
  /// Sums of arrays that were taken before they went to a device, where asking for them would wait.
  std::map<std::string, double> sums = {};

  const torch::Tensor& at(const std::string& name) const { return arrays.at(name); }
  bool has(const std::string& name) const { return arrays.contains(name); }
  std::int64_t items() const {
    return item_count >= 0 ? item_count : arrays.empty() ? 0 : arrays.begin()->second.size(0);
  }
  /// The sum of an array's elements (the number of targets that a mask leaves).
  double sum_of(const std::string& name) const {
    const auto known = sums.find(name);
    return known != sums.end() ? known->second : arrays.at(name).sum(at::kDouble).item<double>();
  }
  /// The same arrays on another device.
  Batch to(const torch::Device& device) const {
    Batch moved{{}, item_count, sums};
    for (const auto& [name, array] : arrays) {
      moved.arrays.emplace(name, array.to(device, /*non_blocking=*/true));
    }
    return moved;
  }
};

/// Where in a training a loss is computed; every random choice of the loss comes from here.
struct StepContext {
  std::uint64_t seed = 0;
  std::int64_t step = 0;
  /// Index of the batch's first item in the global batch of this step, so that a split batch draws the same
  /// numbers.
  std::int64_t first_item = 0;
  bool training = true;

  /// The stream of one item of the global batch. @param purpose "dropout.3", "noise", ...
  RandomStream random(std::string_view purpose, std::int64_t item) const {
    return RandomStream(seed, purpose, static_cast<std::uint64_t>(step),
                        static_cast<std::uint64_t>(first_item + item));
  }
};

/// A loss as a sum and its normaliser, so that accumulated and distributed batches average over all targets
/// exactly.
struct Loss {
  torch::Tensor sum;   ///< scalar with gradient: the sum over targets
  double targets = 0;  ///< number of targets (tokens, items) in the sum
  std::map<std::string, torch::Tensor>
      figures;  ///< further sums over the same targets, for the metrics (no gradient)
};

/// Parameters that share a rate and a decay of their own.
struct ParameterGroup {
  std::vector<torch::Tensor> parameters;
  double learning_rate_scale = 1.0;
  double weight_decay_scale = 1.0;
};

struct Phase {
  std::string name = "main";
  /// What this phase's optimizer step changes. Matrices and higher take the recipe's weight decay, vectors
  /// none.
  std::vector<torch::Tensor> parameters;
  std::int64_t every = 1;  ///< runs at steps divisible by it
  std::function<Loss(const Batch&, const StepContext&)> loss;
  /// Further parameters that need other rates or decays than the rule above gives.
  std::vector<ParameterGroup> groups = {};
};

class Objective {
 public:
  virtual ~Objective() = default;
  virtual std::vector<Phase> phases() = 0;
};

}  // namespace everform
