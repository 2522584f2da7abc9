// One block of a transformer: mixer and MLP around a residual stream, in the arrangements of
// TransformerConfig.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <string>

#include "everform/core/recipes/transformer_config.h"
#include "everform/workbench/layers/attention.h"
#include "everform/workbench/layers/dropout.h"
#include "everform/workbench/layers/mixer.h"
#include "everform/workbench/layers/mlp.h"
#include "everform/workbench/layers/norms.h"

namespace everform {

enum class MixerKind { kAttention, kLinearAttention, kRetention, kLstm };

struct BlockOptions {
  MixerKind mixer = MixerKind::kAttention;
  std::int64_t memory_width = 0;  ///< > 0: cross attention between mixer and MLP
  double dropout = 0.0;
  std::int64_t index = 0;  ///< its place in the stack, names its dropout streams
};

struct BlockInput {
  MixerInput mixer;  ///< its x is the block's input
  MixerInput cross;  ///< memory, masks and state of the cross attention; x is not read
  const DropoutKey* dropout = nullptr;
};

/// Pre-norm: x += mixer(input_layernorm(x)); x += mlp(post_attention_layernorm(x)). Post-norm: the norms come
/// after each sum. Parallel forms: see Residual. Parameters self_attn.*, mlp.*, input_layernorm.*,
/// post_attention_layernorm.* (not in kParallelShared) and, with a memory, cross_attn.*,
/// cross_attention_layernorm.*.
class TransformerBlock : public torch::nn::Module {
 public:
  TransformerBlock(const TransformerConfig& config, const BlockOptions& options);

  /// [batch, tokens, width] -> [batch, tokens, width]
  torch::Tensor forward(const BlockInput& input);

  std::shared_ptr<Mixer> self_attn;
  std::shared_ptr<Attention> cross_attn;  ///< nullptr without memory
  std::shared_ptr<Mlp> mlp;
  std::shared_ptr<Norm> input_layernorm;
  std::shared_ptr<Norm> cross_attention_layernorm;
  std::shared_ptr<Norm> post_attention_layernorm;

 private:
  torch::Tensor sequential(const BlockInput& input);
  torch::Tensor parallel(const BlockInput& input);
  torch::Tensor drop(const torch::Tensor& x, const char* place, const DropoutKey* key) const;

  NormPlacement placement_;
  Residual residual_;
  double dropout_;
  std::int64_t index_;
};

/// The norm that `config` asks for, of `width`.
NormOptions norm_options(const TransformerConfig& config);

}  // namespace everform
