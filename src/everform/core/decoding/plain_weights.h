// A decoder's weights as the plain path holds them: float32, whatever the file's precision.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "everform/core/decoding/panel_matrix.h"
#include "everform/core/io/tensor_store.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform {

struct NormWeights {
  std::vector<float> gain;
  std::vector<float> bias;  ///< empty without one
};

struct LinearWeights {
  PanelMatrix matrix;
  std::vector<float> bias;  ///< empty without one
};

struct BlockWeights {
  NormWeights attention_norm;
  NormWeights mlp_norm;  ///< empty where both halves read one norm
  LinearWeights query, key, value, output;
  LinearWeights gate;  ///< empty without a gated MLP
  LinearWeights up, down;
};

struct PlainWeights {
  PanelMatrix embedding;
  std::vector<float> positions;  ///< [rows, width] of a learned position table, or empty
  NormWeights embedding_norm;    ///< empty without one
  std::vector<BlockWeights> blocks;
  NormWeights final_norm;   ///< empty without one
  PanelMatrix untied_head;  ///< empty where the head is the embedding
  std::vector<float> head_bias;

  const PanelMatrix& head() const { return untied_head.empty() ? embedding : untied_head; }
};

/// Hands out the tensor of a canonical name (see TransformerConfig); the view must stay valid until the next
/// call.
using TensorSource = std::function<TensorView(const std::string& canonical_name)>;

/// Reads every tensor that `config` needs. A tensor whose shape disagrees throws Error{kBadInput}.
PlainWeights load_plain_weights(const TransformerConfig& config, const TensorSource& source);

}  // namespace everform
