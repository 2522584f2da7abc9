// Binary cross-entropy at every k-th row of a sequence of vectors: what an in-context learner of functions is
// trained with.
#pragma once

#include <cstdint>
#include <memory>

#include "everform/workbench/models/transformer.h"
#include "everform/workbench/objectives/objective.h"

namespace everform {

/// The transformer's output at rows 0, stride, 2 stride, ... as logits.
/// @param vectors [items, rows, width_in] -> [items, rows / stride] @param key dropout's key, nullptr outside
/// of training
torch::Tensor strided_logits(Transformer& transformer, const torch::Tensor& vectors, std::int64_t stride,
                             const DropoutKey* key = nullptr);

/// -log sigmoid(z) where the label is 1 and -log sigmoid(-z) where it is 0, over the scored places. Reads the
/// batch's arrays vectors float [items, rows, width_in], labels float [items, rows / stride] of 0 and 1, and
/// scored uint8 of the same shape. Figure: accuracy of sign(z).
class PerPositionBce : public Objective {
 public:
  /// @param transformer with width_in and width_out = 1
  PerPositionBce(std::shared_ptr<Transformer> transformer, std::int64_t stride);

  std::vector<Phase> phases() override;

 private:
  Loss loss(const Batch& batch, const StepContext& context) const;

  std::shared_ptr<Transformer> transformer_;
  std::int64_t stride_;
};

}  // namespace everform
