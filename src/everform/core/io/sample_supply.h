// The samples that a domain has for training: a fixed set, or fresh ones without end.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "everform/core/base/random.h"
#include "everform/core/io/sample.h"

namespace everform {

/// Either `draw` or `sample` is set. Both are pure and safe to call from several threads.
struct SampleSupply {
  /// A fresh sample for an item of a batch, from the stream (seed, purpose, step, item) alone.
  std::function<Sample(RandomStream& random, std::int64_t item)> draw;
  std::string purpose;  ///< keeps these draws apart from all others: "functions.train"

  std::function<Sample(std::size_t index)> sample;  ///< of the fixed set
  std::size_t size = 0;

  /// What the samples are (rule, file, seed): resuming a training with others is refused.
  nlohmann::json identity = nlohmann::json::object();
};

}  // namespace everform
