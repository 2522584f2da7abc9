// Autoregressive sampling for many prompts at once, with a key-value cache.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "everform/core/decoding/step_model.h"
#include "everform/workbench/models/transformer.h"

namespace everform {

struct AutoregressiveOptions {
  double temperature = 0.0;     ///< 0: the likeliest token
  std::int64_t max_tokens = 0;  ///< new tokens of an item at most
  TokenId end = -1;             ///< ends an item and is its last token; -1: none does
  std::uint64_t seed = 0;
  std::string purpose = "sampling";  ///< names the random streams, so that two rounds of sampling differ
  std::int64_t batch = 256;          ///< items computed at once at most
};

/// New tokens of each prompt, the end token included. Item i draws its n-th token from RandomStream(seed,
/// purpose, n, i): its randomness does not depend on the other items. Prompts of one length are computed
/// together on the device of the parameters, without gradients. Throws Error{kUsage} for an empty prompt and
/// where prompt and new tokens pass the model's context.
std::vector<std::vector<TokenId>> sample_autoregressive(Transformer& transformer,
                                                        const std::vector<std::vector<TokenId>>& prompts,
                                                        const AutoregressiveOptions& options);

/// The same over any StepModel, item by item.
std::vector<std::vector<TokenId>> sample_autoregressive(const StepModel& model,
                                                        const std::vector<std::vector<TokenId>>& prompts,
                                                        const AutoregressiveOptions& options);

}  // namespace everform
