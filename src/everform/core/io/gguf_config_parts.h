// Parts that the families' configurations in GGUF's keys share.
#pragma once

#include <string>

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

/// The families with one fused attn_qkv (GPT-2, GPT-NeoX, BLOOM, Falcon, MPT) as llama.cpp's converter writes
/// them: layer norm, a plain MLP, query, key and value rows one block after the other; biases are there where
/// their tensors are.
void read_gguf_fused(ConfigKeys& keys, const TensorLookup& tensors, TransformerConfig& config);
void write_gguf_fused(const TransformerConfig& config, const std::string& prefix, GgufKeys& keys);
/// @param attention_norm, mlp_norm names of the two norms of a block
TensorMap gguf_fused_tensors(const TransformerConfig& config, const std::string& attention_norm = "attn_norm",
                             const std::string& mlp_norm = "ffn_norm");

/// The shortest decimal number that is this float32: 9.999999747378752e-06 becomes 1e-05, as the model's
/// author wrote it.
double shortest_decimal(double float32_value);

}  // namespace everform
