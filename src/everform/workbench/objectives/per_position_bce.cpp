#include "everform/workbench/objectives/per_position_bce.h"

#include <ATen/ops/binary_cross_entropy_with_logits.h>

#include "everform/core/base/error.h"

namespace everform {

torch::Tensor strided_logits(Transformer& transformer, const torch::Tensor& vectors, std::int64_t stride,
                             const DropoutKey* key) {
  TransformerInput input;
  input.vectors = vectors;
  input.dropout = key;
  const torch::Tensor hidden =
      transformer.forward(input).slice(/*dim=*/1, /*start=*/0, /*end=*/std::nullopt, stride);
  return transformer.logits(hidden).squeeze(-1);
}

PerPositionBce::PerPositionBce(std::shared_ptr<Transformer> transformer, std::int64_t stride)
    : transformer_(std::move(transformer)), stride_(stride) {
  if (stride_ < 1 || transformer_->options().width_in < 1 || transformer_->options().width_out != 1) {
    throw Error(ErrorKind::kFailed, "preparing the loss at every position",
                "the network must read vectors in and have one output, and the stride must be positive");
  }
}

std::vector<Phase> PerPositionBce::phases() {
  Phase phase;
  phase.parameters = transformer_->parameters();
  phase.loss = [this](const Batch& batch, const StepContext& context) { return loss(batch, context); };
  return {phase};
}

Loss PerPositionBce::loss(const Batch& batch, const StepContext& context) const {
  const DropoutKey key{.seed = context.seed, .step = context.step, .first_item = context.first_item};
  const torch::Tensor labels = batch.at("labels");
  const torch::Tensor scored = batch.at("scored").to(at::kFloat);
  const torch::Tensor logits =
      strided_logits(*transformer_, batch.at("vectors"), stride_, context.training ? &key : nullptr)
          .to(at::kFloat);
  const torch::Tensor each =
      at::binary_cross_entropy_with_logits(logits, labels, {}, {}, at::Reduction::None);
  const torch::Tensor right = (logits.detach() > 0).eq(labels > 0.5).to(at::kFloat);
  Loss loss;
  loss.sum = (each * scored).sum();
  loss.targets = scored.sum().item<double>();
  loss.figures["accuracy"] = (right * scored).sum();
  return loss;
}

}  // namespace everform
