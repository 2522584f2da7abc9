// Next-token prediction: cross-entropy of each token given the ones before it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "everform/workbench/models/transformer.h"
#include "everform/workbench/objectives/cross_entropy.h"
#include "everform/workbench/objectives/objective.h"

namespace everform {

struct NextTokenOptions {
  CrossEntropyOptions cross_entropy;  ///< count_correct adds the figure "accuracy"
  /// What is trained; empty: all parameters of the model that need a gradient.
  std::vector<torch::Tensor> parameters;
  /// Changes the model's input before the forward pass (key masks, embeddings in place of tokens). Optional.
  std::function<void(TransformerInput& input, const Batch& batch, const StepContext& context)> prepare;
};

/// Batches hold tokens (int64 [items, length]), targets (int64 [items, length], the token to be predicted at
/// each place) and optionally mask ([items, length], 0 where a target does not count; its sum is the number
/// of targets) and key_mask ([items, length], 0 where a token is padding). The loss's sum is over all targets
/// that count.
class NextToken final : public Objective {
 public:
  explicit NextToken(std::shared_ptr<Transformer> model, NextTokenOptions options = {});

  std::vector<Phase> phases() override;
  Loss loss(const Batch& batch, const StepContext& context);

 private:
  std::shared_ptr<Transformer> model_;
  NextTokenOptions options_;
};

}  // namespace everform
