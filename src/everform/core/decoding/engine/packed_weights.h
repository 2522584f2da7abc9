// A decoder's weights as the fast engine holds them: packed matrices in the file's own types.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "everform/core/decoding/kernels/packed_matrix.h"
#include "everform/core/decoding/plain_weights.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform {

struct PackedLinear {
  std::unique_ptr<PackedMatrix> matrix;  ///< nullptr where the block has none
  std::vector<float> bias;               ///< empty without one
  bool quantized = false;                ///< stored in blocks of a few bits
};

struct PackedBlock {
  NormWeights attention_norm;
  NormWeights mlp_norm;  ///< empty where both halves read one norm
  PackedLinear query, key, value, output;
  PackedLinear gate;  ///< without a matrix where the MLP is not gated
  PackedLinear up, down;
};

struct PackedWeights {
  PackedLinear embedding;
  std::vector<float> positions;  ///< [rows, width] of a learned position table, or empty
  NormWeights embedding_norm;    ///< empty without one
  std::vector<PackedBlock> blocks;
  NormWeights final_norm;    ///< empty without one
  PackedLinear untied_head;  ///< without a matrix where the head is the embedding
  std::vector<float> head_bias;

  const PackedLinear& head() const { return untied_head.matrix ? untied_head : embedding; }
  template <typename Visit>
  void each_block_matrix(const Visit& visit) const;
  /// Bytes of all matrices.
  std::size_t bytes() const;
  /// Bytes that a step reads: all matrices, of an embedding that is not the head too only a row.
  std::size_t bytes_per_step() const;
  /// Multiply-adds of one token in the blocks, and in the head where its logits are wanted.
  std::size_t block_macs() const;
  std::size_t head_macs() const { return head().matrix->outputs() * head().matrix->inputs(); }
};

/// Packs every tensor that `config` needs, one after the other.
/// @param release told the name of each tensor that is done with; may be empty
/// Throws Error{kBadInput} for a tensor whose shape disagrees.
PackedWeights load_packed_weights(const TransformerConfig& config, const TensorSource& source,
                                  const std::function<void(const std::string&)>& release);

}  // namespace everform
