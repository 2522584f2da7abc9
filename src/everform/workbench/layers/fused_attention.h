// Self-attention of whole sequences straight from the fused projections: bias, rotation, scores, softmax and
// mixing in one operation with its gradient, on the CPU.
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "everform/workbench/layers/attention.h"

namespace everform {

/// True where fused_attention() computes what these options and this mask ask for: self-attention, causal
/// over the whole sequence or not at all, no mask but one of keys.
bool can_fuse_attention(const AttentionOptions& options, const AttentionMask& mask);

/// @param qkv [batch, tokens, (heads + 2 kv_heads) head_width], float32 or bfloat16: queries, keys, values, a
/// head after the other
/// @param bias float32 [(heads + 2 kv_heads) head_width], added first, or undefined
/// @param mask its causal flag, key_bias and rotary angles are used
/// -> [batch, tokens, heads head_width]. Products in the precision of qkv, sums and the softmax in float32.
torch::Tensor fused_attention(const torch::Tensor& qkv, const torch::Tensor& bias,
                              const AttentionOptions& options, const AttentionMask& mask);

}  // namespace everform
