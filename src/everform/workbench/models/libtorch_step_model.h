// A libtorch Transformer behind the StepModel interface that samplers, scorers and the server use.
#pragma once

#include <memory>

#include "everform/core/decoding/step_model.h"
#include "everform/workbench/models/transformer.h"

namespace everform {

/// Sequences are computed one by one, so that a result does not depend on its batch. No gradients are
/// recorded.
class LibtorchStepModel : public StepModel {
 public:
  explicit LibtorchStepModel(std::shared_ptr<Transformer> transformer);

  std::size_t vocabulary() const override;
  std::size_t context() const override;
  std::unique_ptr<SequenceState> new_sequence() const override;
  std::size_t cache_bytes_per_token() const override { return sizeof(TokenId); }
  void prefill(SequenceState& state, std::span<const TokenId> tokens, std::span<float> logits) const override;
  void prefill_all(SequenceState& state, std::span<const TokenId> tokens,
                   std::span<float> logits) const override;
  void step(std::span<SequenceState* const> states, std::span<const TokenId> tokens,
            std::span<float> logits) const override;

 private:
  torch::Tensor feed(SequenceState& state, std::span<const TokenId> tokens) const;

  std::shared_ptr<Transformer> transformer_;
};

}  // namespace everform
