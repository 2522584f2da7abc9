#include "everform/workbench/evaluation/padded_batch.h"

#include <algorithm>

#include "everform/core/base/error.h"

namespace everform {

double padded_batch_difference(Transformer& transformer,
                               const std::vector<std::vector<std::int64_t>>& sequences) {
  const torch::NoGradGuard no_grad;
  std::size_t longest = 0;
  for (const auto& sequence : sequences) {
    longest = std::max(longest, sequence.size());
  }
  if (std::any_of(sequences.begin(), sequences.end(),
                  [](const auto& sequence) { return sequence.empty(); }) ||
      longest == 0) {
    throw Error(ErrorKind::kFailed, "comparing a padded batch", "there is no sequence, or an empty one");
  }
  const torch::Device device = transformer.parameters().front().device();
  const auto items = static_cast<std::int64_t>(sequences.size());
  const auto length = static_cast<std::int64_t>(longest);
  torch::Tensor tokens = torch::zeros({items, length}, torch::kLong);
  torch::Tensor seen = torch::zeros({items, length}, torch::kBool);
  for (std::int64_t item = 0; item < items; ++item) {
    const auto& sequence = sequences[static_cast<std::size_t>(item)];
    const auto filled = static_cast<std::int64_t>(sequence.size());
    tokens[item].slice(0, 0, filled).copy_(torch::tensor(sequence));
    seen[item].slice(0, 0, filled).fill_(true);
  }
  const auto logits = [&](const torch::Tensor& ids, const torch::Tensor& mask) {
    TransformerInput input;
    input.tokens = ids.to(device);
    input.key_mask = mask.defined() ? mask.to(device) : mask;
    return transformer.logits(transformer.forward(input));
  };
  const torch::Tensor together = logits(tokens, seen);
  double largest = 0.0;
  for (std::int64_t item = 0; item < items; ++item) {
    const auto filled = static_cast<std::int64_t>(sequences[static_cast<std::size_t>(item)].size());
    const torch::Tensor alone = logits(tokens.narrow(0, item, 1).narrow(1, 0, filled), {});
    const double difference = (together[item].narrow(0, 0, filled) - alone[0]).abs().max().item<double>();
    largest = difference <= largest ? largest : difference;  // a NaN stays
  }
  return largest;
}

}  // namespace everform
