// The tensors that a block stack has, under its canonical names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "everform/core/recipes/transformer_config.h"

namespace everform {

struct NamedShape {
  std::string name;
  std::vector<std::int64_t> shape;  ///< row-major, outermost first

  std::int64_t elements() const;
};

/// Every parameter of the stack in the order it is used: embeddings, layers, final norm, head (absent when
/// tied). The configuration must have passed validate().
std::vector<NamedShape> transformer_tensors(const TransformerConfig& config);

/// "model.layers.{layer}." + part
std::string layer_tensor(std::int64_t layer, const std::string& part);

}  // namespace everform
