// Parts that the families' configurations in GGUF's keys share.
#pragma once

#include "everform/core/io/architecture.h"

namespace everform {

/// block_count, context_length, embedding_length, attention.head_count, head_count_kv, key_length and
/// value_length (which must agree).
void read_gguf_sizes(ConfigKeys& keys, TransformerConfig& config);
void write_gguf_sizes(const TransformerConfig& config, const std::string& prefix, GgufKeys& keys);

/// rope.freq_base, rope.dimension_count, rope.scaling.*; LLaMA 3's scaling is recognised from the tensor
/// rope_freqs. Others throw Error{kBadInput}.
RotaryConfig read_gguf_rotary(ConfigKeys& keys, const TensorLookup& tensors, const TransformerConfig& config);
void write_gguf_rotary(const TransformerConfig& config, const std::string& prefix, GgufKeys& keys);

}  // namespace everform
