// GGUF's metadata and TransformerConfig, both ways.
#pragma once

#include "everform/core/io/architecture.h"
#include "everform/core/io/tensor_store.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// The family of a GGUF file. Throws Error{kBadInput} where general.architecture is missing or not supported.
const Architecture& gguf_architecture(const TensorStore& store);

/// Reads the configuration of a decoder. Keys that are not understood throw Error{kBadInput}.
TransformerConfig read_gguf_config(const TensorStore& store);

/// Writes general.architecture and the family's keys. What they cannot say (checked by reading them back)
/// throws Error{kUsage}.
void write_gguf_config(const TransformerConfig& config, const Architecture& architecture, GgufKeys& keys);

}  // namespace everform
