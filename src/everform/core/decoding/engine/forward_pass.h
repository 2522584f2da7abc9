// One pass of a batch of tokens through the block stack, on packed weights and a paged cache.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "everform/core/decoding/aligned_floats.h"
#include "everform/core/decoding/engine/kv_layout.h"
#include "everform/core/decoding/engine/packed_weights.h"
#include "everform/core/decoding/engine/paged_sequence.h"
#include "everform/core/decoding/kernels/activation_rows.h"
#include "everform/core/decoding/kernels/thread_team.h"
#include "everform/core/decoding/positions.h"

namespace everform {

/// Consecutive tokens of one sequence in a batch. Room for them is reserved in the sequence.
struct BatchSegment {
  PagedSequence* sequence;
  std::span<const TokenId> tokens;
  std::size_t position;  ///< of the first
  /// Of the tokens, the last ones whose logits are wanted.
  std::size_t logit_rows;
};

/// The stack as stages of a thread team. With R rows (tokens of the batch), each layer is
///   norm and preparation of rows | Q, K, V panels | rotation, cache and attention | preparation | output
///   panels | norm and preparation | gate and up panels | preparation | down panels,
/// where a stage too small to share runs in the calling thread alone.
///
/// A row's logits do not depend on the rows beside it nor on the threads: each number is computed from its
/// own row in a fixed order. Not for two threads at once.
class ForwardPass {
 public:
  /// @param activations of the products with weights in blocks of a few bits; other weights take float32
  ForwardPass(const TransformerConfig& config, const PackedWeights& weights, const KvLayout& layout,
              ActivationPrecision activations, ThreadTeam& team);

  /// @param logits [wanted rows, vocabulary], in the segments' order
  void run(std::span<const BatchSegment> segments, float* logits);

 private:
  struct Row {
    std::size_t segment;
    std::size_t position;
  };
  struct AttentionItem {
    std::size_t segment;
    std::size_t first_row;  ///< of the batch
    std::size_t rows;
    std::size_t head;
  };
  /// Rows of one segment that go into the cache together.
  struct Placement {
    std::size_t first_row;
    std::size_t rows;
  };
  /// A matrix and what it makes.
  struct Product {
    const PackedLinear* linear;
    const ActivationRows* x;
    float* y;
  };

  void lay_out(std::span<const BatchSegment> segments);
  void embed(std::size_t row);
  void run_block(std::size_t layer);
  void attention(std::size_t layer, const ActivationRows& x);
  void output(const PackedBlock& block);
  void mlp(const PackedBlock& block, const ActivationRows& x);
  void place_row(std::size_t layer, std::size_t row, std::size_t first_head, std::size_t last_head);
  void attend(std::size_t layer, const AttentionItem& item);
  void write_logits(float* logits);

  /// out = normalized x, prepared as `linear` reads it.
  void prepare_normal(const NormWeights& norm, const PackedLinear& linear, ActivationRows& out);
  void prepare(const AlignedFloats& x, std::size_t width, const PackedLinear& linear, ActivationRows& out);
  void normalize_in_place(const NormWeights& norm);
  void normalize(const NormWeights& norm, const float* x, float* y) const;
  ActivationPrecision precision_for(const PackedLinear& linear) const;

  /// body(row) for all rows, shared where that pays.
  template <typename Body>
  void each_row(std::size_t rows, std::size_t width, const Body& body);
  /// Runs products side by side; then `finish(product, first output, last output)` on each finished part.
  template <typename Finish>
  void multiply(std::span<const Product> products, const Finish& finish);

  const TransformerConfig& config_;
  const PackedWeights& weights_;
  const KvLayout& layout_;
  ActivationPrecision activations_;
  ThreadTeam& team_;
  RotaryEmbedding rotary_;
  std::vector<float> slopes_;

  std::size_t width_, head_width_, group_, query_width_, key_width_, ff_width_;

  // The batch in hand.
  std::span<const BatchSegment> segments_;
  std::vector<Row> rows_;
  std::vector<std::size_t> logit_rows_;
  std::vector<AttentionItem> items_;
  std::vector<Placement> placements_;                   ///< of segments that have several rows
  AlignedFloats cosine_, sine_;                         // [rows, pairs]
  AlignedFloats x_, change_;                            // [rows, width]
  AlignedFloats query_, mixed_, key_, value_;           // [rows, query width or key width]
  AlignedFloats gate_, up_;                             // [rows, ff_width]
  ActivationRows attention_input_, mlp_input_, inner_;  // prepared
};

}  // namespace everform
