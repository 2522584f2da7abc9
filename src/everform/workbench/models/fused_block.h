// A pre-norm block in fused operations: what TransformerBlock computes, with half the passes over memory.
#pragma once

#include <torch/types.h>

#include "everform/workbench/models/transformer_block.h"

namespace everform {

/// True for a sequential pre-norm block whose input and parameters are float32 on the CPU (products may run
/// in bf16 autocast), with plain self-attention over whole sequences, no adapter on its linear maps, and
/// nothing recorded from inside.
bool can_fuse_block(const TransformerBlock& block, const BlockInput& input);

/// [batch, tokens, width] -> [batch, tokens, width]; agrees with the plain composition up to rounding.
torch::Tensor fused_block(const TransformerBlock& block, const BlockInput& input);

}  // namespace everform
