#include "everform/core/decoding/log_probabilities.h"

#include <cmath>
#include <cstddef>
#include <limits>

#include "everform/core/base/error.h"

namespace everform {

double log_sum_exp(std::span<const float> logits) {
  float largest = -std::numeric_limits<float>::infinity();
  for (const float logit : logits) {
    if (std::isnan(logit) || logit == std::numeric_limits<float>::infinity()) {
      throw Error(ErrorKind::kFailed, "reading the model's logits", "a logit is NaN or infinite",
                  "the weights are damaged or overflow; `everform inspect FILE --verify` looks for NaN");
    }
    largest = logit > largest ? logit : largest;
  }
  if (std::isinf(largest)) {
    throw Error(ErrorKind::kFailed, "reading the model's logits", "every token is ruled out");
  }
  double sum = 0;
  for (const float logit : logits) {
    sum += std::exp(static_cast<double>(logit - largest));
  }
  return largest + std::log(sum);
}

double log_probability(std::span<const float> logits, TokenId token) {
  return logits[static_cast<std::size_t>(token)] - log_sum_exp(logits);
}

}  // namespace everform
