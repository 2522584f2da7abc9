// The plain float32 decoder: any TransformerConfig, one readable forward pass. What the fast kernels are held
// to.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "everform/core/decoding/aligned_floats.h"
#include "everform/core/decoding/plain_weights.h"
#include "everform/core/decoding/positions.h"
#include "everform/core/decoding/step_model.h"
#include "everform/core/io/decoder_checkpoint.h"

namespace everform {

/// Logits are the same bits however a sequence is fed: whole, in chunks, token by token, beside others, on
/// any number of threads.
class PlainModel : public StepModel {
 public:
  /// Throws Error{kBadInput} for a configuration that is no decoder, or a tensor of the wrong shape.
  PlainModel(TransformerConfig config, const TensorSource& source);

  std::size_t vocabulary() const override;
  std::size_t context() const override;
  std::unique_ptr<SequenceState> new_sequence() const override;
  std::size_t cache_bytes_per_token() const override;
  void prefill(SequenceState& state, std::span<const TokenId> tokens, std::span<float> logits) const override;
  void prefill_all(SequenceState& state, std::span<const TokenId> tokens,
                   std::span<float> logits) const override;
  void step(std::span<SequenceState* const> states, std::span<const TokenId> tokens,
            std::span<float> logits) const override;

  const TransformerConfig& config() const { return config_; }

 private:
  struct Row;
  class Sequence;

  Sequence& own(SequenceState& state) const;
  void check(const Sequence& sequence, std::span<const TokenId> tokens) const;
  /// Feeds `tokens` in chunks; `visit` sees each chunk's last hidden states and the index of its first token.
  template <typename Visit>
  void feed(SequenceState& state, std::span<const TokenId> tokens, const Visit& visit) const;

  AlignedFloats forward(std::span<const Row> rows) const;
  AlignedFloats embed(std::span<const Row> rows) const;
  void run_block(std::size_t layer, std::span<const Row> rows, AlignedFloats& x) const;
  AlignedFloats attention(std::size_t layer, std::span<const Row> rows, const AlignedFloats& x) const;
  void rotate(std::span<const Row> rows, AlignedFloats& queries, AlignedFloats& keys) const;
  AlignedFloats mlp(const BlockWeights& block, const AlignedFloats& x) const;
  AlignedFloats norm(const NormWeights& weights, const AlignedFloats& x) const;
  AlignedFloats linear(const LinearWeights& weights, const AlignedFloats& x) const;
  void head(std::span<const float> hidden, std::span<float> logits) const;

  TransformerConfig config_;
  PlainWeights weights_;
  RotaryEmbedding rotary_;
  std::vector<float> slopes_;
};

/// Loads every tensor of an opened decoder.
std::unique_ptr<PlainModel> load_plain_model(DecoderCheckpoint& checkpoint);

}  // namespace everform
