#include "everform/workbench/evaluation/forgetting_facts.h"

#include <cmath>

#include "everform/workbench/evaluation/hidden_keys.h"
#include "everform/workbench/objectives/forgetful_masking.h"

namespace everform {

ForgettingFacts measure_forgetting(Transformer& transformer, double share, std::int64_t sequences,
                                   std::uint64_t seed) {
  const std::int64_t tokens = transformer.config().context;
  const torch::Tensor hidden = forgetful_key_mask(sequences, tokens, share, {.seed = seed}).logical_not();
  const auto wanted = static_cast<std::int64_t>(std::floor(share * static_cast<double>(tokens)));
  const torch::Tensor text = torch::full({sequences, tokens}, '0', torch::kLong);
  return {.sequences = sequences,
          .first_hidden = hidden.select(1, 0).sum().item<std::int64_t>(),
          .exact = hidden.sum(1).eq(wanted).sum().item<std::int64_t>(),
          .effect = hidden_key_effect(transformer, text, text + 1, hidden, true),
          .unmasked_effect = hidden_key_effect(transformer, text, text + 1, hidden, false)};
}

}  // namespace everform
