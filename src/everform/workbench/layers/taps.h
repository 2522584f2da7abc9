// A record of what went through a stack, for probes, distillation and studies.
#pragma once

#include <torch/types.h>

#include <vector>

namespace everform {

/// Give one to a forward pass and it is filled, with the graph where gradients are recorded.
struct Taps {
  bool attention = false;  ///< also record attention probabilities (takes the slower plain composition)

  std::vector<torch::Tensor> block_inputs;   ///< [batch, tokens, width] a block
  std::vector<torch::Tensor> block_outputs;  ///< [batch, tokens, width] a block
  std::vector<torch::Tensor>
      attention_weights;  ///< [batch, heads, tokens, keys] a block; undefined for mixers without any

  void clear() {
    block_inputs.clear();
    block_outputs.clear();
    attention_weights.clear();
  }
};

}  // namespace everform
