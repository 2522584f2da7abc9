#include "everform/core/decoding/speculation.h"

#include <algorithm>
#include <utility>

namespace everform {

std::vector<TokenId> NgramDrafter::draft(std::span<const TokenId> context, std::size_t count) {
  std::size_t best = 0;
  std::size_t best_end = 0;
  for (std::size_t end = context.size() - std::min<std::size_t>(context.size(), 1); end > best; --end) {
    std::size_t length = 0;
    while (length < std::min(end, longest_) &&
           context[end - 1 - length] == context[context.size() - 1 - length]) {
      ++length;
    }
    if (length > best) {
      best = length;
      best_end = end;
    }
    if (best == longest_) {
      break;
    }
  }
  if (best < shortest_) {
    return {};
  }
  const auto rest = context.subspan(best_end, std::min(count, context.size() - best_end));
  return {rest.begin(), rest.end()};
}

ModelDrafter::ModelDrafter(std::shared_ptr<const StepModel> model, const SamplingOptions& sampling,
                           std::uint64_t seed, std::uint64_t sample)
    : model_(std::move(model)),
      sampler_(sampling, seed, sample),
      state_(model_->new_sequence()),
      logits_(model_->vocabulary()) {}

std::vector<TokenId> ModelDrafter::draft(std::span<const TokenId> context, std::size_t count) {
  if (context.empty() || context.size() >= model_->context()) {
    return {};
  }
  const auto differ = std::mismatch(read_.begin(), read_.end(), context.begin(), context.end());
  // The last token is always read again, for its logits.
  const std::size_t shared =
      std::min<std::size_t>(static_cast<std::size_t>(differ.first - read_.begin()), context.size() - 1);
  state_->truncate(shared);
  read_.assign(context.begin(), context.end());
  model_->prefill(*state_, context.subspan(shared), logits_);
  std::vector<TokenId> drafted;
  const std::size_t most = std::min(count, model_->context() - context.size());
  while (drafted.size() < most) {
    const TokenId token = sampler_.draw(read_, logits_);
    drafted.push_back(token);
    if (drafted.size() < most) {
      SequenceState* state = state_.get();
      model_->step(std::span(&state, 1), std::span(&token, 1), logits_);
      read_.push_back(token);
    }
  }
  return drafted;
}

}  // namespace everform
