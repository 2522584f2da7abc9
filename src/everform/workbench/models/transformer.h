// One configurable transformer: decoder, encoder, or either half of an encoder-decoder.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "everform/core/recipes/transformer_config.h"
#include "everform/workbench/layers/attention.h"
#include "everform/workbench/layers/dropout.h"
#include "everform/workbench/layers/linear.h"
#include "everform/workbench/layers/norms.h"
#include "everform/workbench/layers/taps.h"
#include "everform/workbench/models/transformer_block.h"

namespace everform {

/// What only the workbench needs beside a TransformerConfig.
struct TransformerOptions {
  MixerKind mixer = MixerKind::kAttention;
  std::int64_t width_in =
      0;  ///< > 0: the input is vectors of this width, read in by a linear map with bias (no token table)
  std::int64_t width_out =
      0;  ///< > 0: the head is a linear map with bias to this width (config.vocabulary is not used for it)
  bool head = true;         ///< false: hidden states only, no lm_head
  double head_scale = 1.0;  ///< factor on the hidden states before the head (T5: width^-0.5 when tied)
  std::int64_t memory_width =
      0;  ///< > 0: every block also attends to a memory of this width (decoder of an encoder-decoder)
  std::int64_t token_types = 0;       ///< rows of a token type table (BERT)
  std::int64_t relative_buckets = 0;  ///< > 0: T5's learned relative position bias, shared by all blocks
  std::int64_t relative_distance = 128;
  double dropout = 0.0;            ///< after embedding, mixer and MLP; only where an input has a DropoutKey
  bool checkpoint_blocks = false;  ///< gradient checkpointing, a block at a time
};

/// What every block remembers (see MixerState).
struct TransformerState {
  std::vector<std::unique_ptr<MixerState>> mixers;   ///< one a block
  std::vector<std::unique_ptr<MixerState>> crosses;  ///< one a block where there is cross attention

  std::int64_t length() const { return mixers.empty() ? 0 : mixers.front()->length(); }
  std::unique_ptr<TransformerState> clone() const;
  void truncate(std::int64_t length);
  void detach();
};

/// Exactly one of tokens, vectors and embeddings is given.
struct TransformerInput {
  torch::Tensor tokens;       ///< int64 [batch, tokens]
  torch::Tensor vectors;      ///< [batch, tokens, width_in]
  torch::Tensor embeddings;   ///< [batch, tokens, width]: enters in place of the token table's rows
  torch::Tensor token_types;  ///< int64 [batch, tokens]; undefined: all 0
  torch::Tensor positions;    ///< int64 [tokens] or [batch, tokens]; undefined: state->length() and on
  torch::Tensor key_mask;     ///< bool [batch, keys], true where a key may be seen (padding, forgetful causal
                              ///< masking); optional
  torch::Tensor mask;         ///< additive, broadcasts to [batch, heads, tokens, keys]; optional
  torch::Tensor memory;       ///< [batch, memory tokens, memory_width]
  torch::Tensor memory_mask;  ///< bool [batch, memory tokens]; optional
  TransformerState* state = nullptr;
  Taps* taps = nullptr;
  const DropoutKey* dropout = nullptr;
};

/// The part under "model.": tables, blocks, last norm. Use it through Transformer.
class TransformerBody : public torch::nn::Module {
 public:
  TransformerBody(const TransformerConfig& config, const TransformerOptions& options);

  std::shared_ptr<Embedding> embed_tokens;       ///< nullptr with width_in
  std::shared_ptr<Linear> read_in;               ///< nullptr without width_in
  std::shared_ptr<Embedding> embed_positions;    ///< learned positions
  std::shared_ptr<Embedding> embed_token_types;  ///< with token_types
  std::shared_ptr<Embedding> relative_bias;      ///< [relative_buckets, heads]
  std::shared_ptr<Norm> embed_norm;
  std::vector<std::shared_ptr<TransformerBlock>> layers;
  std::shared_ptr<Norm> norm;
};

/// Parameters carry exactly the names of TransformerConfig's comment (model.layers.0.self_attn.q_proj.weight,
/// ...), so that they can be saved as safetensors and opened by the torch-free path; what TransformerOptions
/// adds is named model.read_in.{weight,bias}, model.embed_token_types.weight, model.relative_bias.weight,
/// model.layers.{i}.cross_attn.*, .cross_attention_layernorm.*. With width_out the head is
/// lm_head.{weight,bias} of that width.
class Transformer : public torch::nn::Module {
 public:
  explicit Transformer(const TransformerConfig& config, const TransformerOptions& options = {});

  /// -> hidden states after the last norm, [batch, tokens, width]. A prefix (below) is not in the output.
  torch::Tensor forward(const TransformerInput& input);
  /// hidden [..., width] -> [..., vocabulary or width_out]
  torch::Tensor logits(const torch::Tensor& hidden) const;
  /// [vocabulary, width], the token table where tied; for losses that go over the vocabulary in chunks.
  /// Multiply hidden states by options().head_scale first.
  torch::Tensor head_weight() const;
  /// [vocabulary], undefined where the head has none
  torch::Tensor head_bias() const;

  std::unique_ptr<TransformerState> new_state() const;

  /// Vectors [count, width] that every sequence begins with (prompt tuning); undefined takes them off. They
  /// take positions 0..count-1.
  void set_prefix(torch::Tensor prefix) { prefix_ = std::move(prefix); }
  const torch::Tensor& prefix() const { return prefix_; }
  void set_checkpoint_blocks(bool on) { options_.checkpoint_blocks = on; }

  const TransformerConfig& config() const { return config_; }
  const TransformerOptions& options() const { return options_; }

  std::shared_ptr<TransformerBody> model;
  std::shared_ptr<Linear> lm_head;  ///< nullptr where tied or absent

 private:
  void check_input(const TransformerInput& input) const;
  torch::Tensor positions_of(const TransformerInput& input, std::int64_t tokens, std::int64_t past) const;
  torch::Tensor embed(const TransformerInput& input, const torch::Tensor& positions, bool with_prefix) const;
  torch::Tensor relative_mask(std::int64_t tokens, std::int64_t past, const torch::Tensor& mask) const;
  torch::Tensor run_blocks(torch::Tensor x, BlockInput block, const TransformerInput& input);
  torch::Tensor run_checkpointed(TransformerBlock& layer, const torch::Tensor& x,
                                 const BlockInput& block) const;

  TransformerConfig config_;
  TransformerOptions options_;
  torch::Tensor prefix_;
  torch::Tensor tied_bias_;  ///< head_bias beside a tied head
};

/// Initial weights as GPT-2's: N(0, 0.02^2), residual projections scaled by 1/sqrt(2 depth), biases 0,
/// gains 1. A function of the seed and the parameters' names alone.
void initialise(Transformer& transformer, std::uint64_t seed);

}  // namespace everform
