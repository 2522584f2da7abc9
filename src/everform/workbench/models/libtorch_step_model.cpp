#include "everform/workbench/models/libtorch_step_model.h"

#include <torch/types.h>

#include <cstring>

#include "everform/core/base/error.h"

namespace everform {

namespace {

class LibtorchSequence : public SequenceState {
 public:
  explicit LibtorchSequence(std::unique_ptr<TransformerState> layers, std::int64_t prefix)
      : layers(std::move(layers)), prefix_(prefix) {}

  std::size_t length() const override { return length_; }
  std::unique_ptr<SequenceState> clone() const override {
    auto copy = std::make_unique<LibtorchSequence>(layers->clone(), prefix_);
    copy->length_ = length_;
    return copy;
  }
  void truncate(std::size_t length) override {
    if (length < length_) {
      // An adapter's prefix stays with the first token and goes with it.
      layers->truncate(length == 0 ? 0 : static_cast<std::int64_t>(length) + prefix_);
      length_ = length;
    }
  }
  void advance(std::size_t tokens) { length_ += tokens; }

  std::unique_ptr<TransformerState> layers;

 private:
  std::int64_t prefix_;
  std::size_t length_ = 0;
};

void copy_out(const torch::Tensor& logits, std::span<float> out, const char* where) {
  const torch::Tensor plain = logits.to(at::kFloat).cpu().contiguous();
  if (static_cast<std::size_t>(plain.numel()) != out.size()) {
    throw Error(ErrorKind::kUsage, where,
                "room for " + std::to_string(out.size()) + " logits was given, " +
                    std::to_string(plain.numel()) + " are needed");
  }
  std::memcpy(out.data(), plain.const_data_ptr<float>(), out.size_bytes());
}

}  // namespace

LibtorchStepModel::LibtorchStepModel(std::shared_ptr<Transformer> transformer)
    : transformer_(std::move(transformer)) {}

std::size_t LibtorchStepModel::vocabulary() const {
  return static_cast<std::size_t>(transformer_->config().vocabulary);
}

std::size_t LibtorchStepModel::context() const {
  return static_cast<std::size_t>(transformer_->config().context);
}

std::unique_ptr<SequenceState> LibtorchStepModel::new_sequence() const {
  const torch::Tensor& prefix = transformer_->prefix();
  return std::make_unique<LibtorchSequence>(transformer_->new_state(), prefix.defined() ? prefix.size(0) : 0);
}

torch::Tensor LibtorchStepModel::feed(SequenceState& state, std::span<const TokenId> tokens) const {
  auto* sequence = dynamic_cast<LibtorchSequence*>(&state);
  if (sequence == nullptr) {
    throw Error(ErrorKind::kUsage, "feeding a libtorch model",
                "the sequence belongs to another kind of model", "make it with new_sequence() of this model");
  }
  if (tokens.empty()) {
    throw Error(ErrorKind::kUsage, "feeding a libtorch model", "there are no tokens", "feed at least one");
  }
  if (sequence->length() + tokens.size() > context()) {
    throw Error(ErrorKind::kUsage, "feeding a libtorch model",
                std::to_string(sequence->length() + tokens.size()) + " tokens exceed the context of " +
                    std::to_string(context()),
                "shorten the text");
  }
  torch::Tensor ids = torch::empty({1, static_cast<std::int64_t>(tokens.size())}, torch::dtype(at::kLong));
  std::copy(tokens.begin(), tokens.end(), ids.data_ptr<std::int64_t>());
  const torch::Tensor hidden = transformer_->forward(
      {.tokens = ids.to(transformer_->head_weight().device()), .state = sequence->layers.get()});
  sequence->advance(tokens.size());
  return hidden[0];
}

void LibtorchStepModel::prefill(SequenceState& state, std::span<const TokenId> tokens,
                                std::span<float> logits) const {
  const torch::NoGradGuard no_grad;
  copy_out(transformer_->logits(feed(state, tokens)[-1]), logits, "prefilling a libtorch model");
}

void LibtorchStepModel::prefill_all(SequenceState& state, std::span<const TokenId> tokens,
                                    std::span<float> logits) const {
  const torch::NoGradGuard no_grad;
  copy_out(transformer_->logits(feed(state, tokens)), logits, "prefilling a libtorch model");
}

void LibtorchStepModel::step(std::span<SequenceState* const> states, std::span<const TokenId> tokens,
                             std::span<float> logits) const {
  const std::size_t width = vocabulary();
  if (states.size() != tokens.size() || logits.size() != states.size() * width) {
    throw Error(ErrorKind::kUsage, "stepping a libtorch model",
                std::to_string(states.size()) + " sequences, " + std::to_string(tokens.size()) +
                    " tokens and room for " + std::to_string(logits.size()) + " logits do not fit together");
  }
  for (std::size_t i = 0; i < states.size(); ++i) {
    prefill(*states[i], tokens.subspan(i, 1), logits.subspan(i * width, width));
  }
}

}  // namespace everform
