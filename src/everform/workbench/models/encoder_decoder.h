// An encoder and a decoder that attends to it, as in Vaswani et al. 2017 and T5.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "everform/workbench/models/transformer.h"

namespace everform {

/// Submodules `encoder` (bidirectional, no head) and `decoder` (causal, memory_width = encoder's width).
class EncoderDecoder : public torch::nn::Module {
 public:
  /// @param share_tokens the encoder's token table is the decoder's own
  EncoderDecoder(const TransformerConfig& encoder_config, TransformerOptions encoder_options,
                 const TransformerConfig& decoder_config, TransformerOptions decoder_options,
                 bool share_tokens);

  /// @param source int64 [batch, source tokens] @param target int64 [batch, target tokens], shifted right by
  /// the caller
  /// @param source_mask bool [batch, source tokens], true at real tokens; optional -> logits [batch, target
  /// tokens, vocabulary]
  torch::Tensor forward(const torch::Tensor& source, const torch::Tensor& target,
                        const torch::Tensor& source_mask = {});

  /// Greedy continuation of one source with the decoder's cache, the end token not included.
  /// @param source int64 [1, source tokens] @param start first decoder token @param end token that ends it
  std::vector<std::int64_t> generate(const torch::Tensor& source, std::int64_t start, std::int64_t end,
                                     std::int64_t max_tokens);

  std::shared_ptr<Transformer> encoder;
  std::shared_ptr<Transformer> decoder;
};

}  // namespace everform
