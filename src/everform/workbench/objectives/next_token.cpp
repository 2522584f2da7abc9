#include "everform/workbench/objectives/next_token.h"

namespace everform {
namespace {

CrossEntropy head_loss(const Transformer& model, const torch::Tensor& hidden, const torch::Tensor& targets,
                       const torch::Tensor& mask, const CrossEntropyOptions& options) {
  if (model.lm_head != nullptr && model.lm_head->addition() != nullptr) {
    // An adapter on the head is not part of its weight.
    return cross_entropy_of_logits(model.logits(hidden), targets, mask, options);
  }
  const double scale = model.options().head_scale;
  return cross_entropy(scale == 1.0 ? hidden : hidden * scale, model.head_weight(), model.head_bias(),
                       targets, mask, options);
}

}  // namespace

NextToken::NextToken(std::shared_ptr<Transformer> model, NextTokenOptions options)
    : model_(std::move(model)), options_(std::move(options)) {}

std::vector<Phase> NextToken::phases() {
  Phase phase;
  phase.parameters = options_.parameters.empty() ? model_->parameters() : options_.parameters;
  phase.loss = [this](const Batch& batch, const StepContext& context) { return loss(batch, context); };
  return {phase};
}

Loss NextToken::loss(const Batch& batch, const StepContext& context) {
  const DropoutKey key{.seed = context.seed, .step = context.step, .first_item = context.first_item};
  TransformerInput input;
  input.tokens = batch.at("tokens");
  if (batch.has("key_mask")) {
    input.key_mask = batch.at("key_mask").to(at::kBool);
  }
  input.dropout = context.training ? &key : nullptr;
  if (options_.prepare) {
    options_.prepare(input, batch, context);
  }
  const torch::Tensor hidden = model_->forward(input).flatten(0, 1);
  const torch::Tensor targets = batch.at("targets").flatten();
  const torch::Tensor mask = batch.has("mask") ? batch.at("mask").flatten() : torch::Tensor();
  const CrossEntropy sums = head_loss(*model_, hidden, targets, mask, options_.cross_entropy);
  Loss loss{.sum = sums.sum,
            .targets = batch.has("mask") ? batch.sum_of("mask") : static_cast<double>(targets.numel())};
  if (sums.correct.defined()) {
    loss.figures["accuracy"] = sums.correct;
  }
  return loss;
}

}  // namespace everform
