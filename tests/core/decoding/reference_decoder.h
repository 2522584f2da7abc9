// A decoder written the slow way, in double, straight from the formulas: no cache, no chunks, no shared code
// with the plain path.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "everform/core/decoding/plain_weights.h"
#include "everform/core/recipes/transformer_config.h"
#include "everform/core/text/tokenizer.h"

namespace everform::test {

/// Float tensors by canonical name.
struct TensorMap {
  struct Tensor {
    std::vector<std::int64_t> shape;
    std::vector<float> values;
  };
  std::map<std::string, Tensor> tensors;

  TensorSource source() const;
};

/// Every tensor of a configuration with seeded normal values, large enough for attention to have clear
/// preferences.
TensorMap random_tensors(const TransformerConfig& config, std::uint64_t seed);

/// Logits after every token. @return [tokens][vocabulary]
std::vector<std::vector<double>> reference_logits(const TransformerConfig& config, const TensorMap& tensors,
                                                  const std::vector<TokenId>& tokens);

}  // namespace everform::test
