#include "everform/workbench/models/transformer_block.h"

#include <torch/types.h>

#include "everform/core/base/error.h"
#include "everform/workbench/layers/linear_attention.h"
#include "everform/workbench/layers/lstm.h"
#include "everform/workbench/models/fused_block.h"

namespace everform {

namespace {

std::shared_ptr<Mixer> make_mixer(const TransformerConfig& config, MixerKind kind) {
  switch (kind) {
    case MixerKind::kAttention:
      return std::make_shared<Attention>(attention_options(config));
    case MixerKind::kLstm:
      return std::make_shared<Lstm>(config.width);
    case MixerKind::kLinearAttention:
    case MixerKind::kRetention:
      break;
  }
  return std::make_shared<LinearAttention>(
      LinearAttentionOptions{.kind = kind == MixerKind::kRetention ? LinearAttentionOptions::Kind::kRetention
                                                                   : LinearAttentionOptions::Kind::kLinear,
                             .width = config.width,
                             .heads = config.heads,
                             .qkv_bias = config.qkv_bias,
                             .output_bias = config.attention_output_bias});
}

}  // namespace

NormOptions norm_options(const TransformerConfig& config) {
  return {
      .width = config.width, .kind = config.norm, .epsilon = config.norm_epsilon, .bias = config.norm_bias};
}

TransformerBlock::TransformerBlock(const TransformerConfig& config, const BlockOptions& options)
    : placement_(config.norm_placement),
      residual_(config.residual),
      dropout_(options.dropout),
      index_(options.index) {
  if (residual_ != Residual::kSequential &&
      (placement_ == NormPlacement::kPost || options.memory_width > 0)) {
    throw Error(ErrorKind::kUsage, "building a transformer block",
                "a parallel residual goes with pre-norm and without cross attention",
                "use residual = sequential");
  }
  input_layernorm = register_module("input_layernorm", std::make_shared<Norm>(norm_options(config)));
  self_attn = register_module("self_attn", make_mixer(config, options.mixer));
  if (options.memory_width > 0) {
    AttentionOptions cross = attention_options(config);
    cross.memory_width = options.memory_width;
    cross.causal = false;
    cross.window = 0;
    cross.alibi = false;
    cross.rotary.reset();
    cross_attention_layernorm =
        register_module("cross_attention_layernorm", std::make_shared<Norm>(norm_options(config)));
    cross_attn = register_module("cross_attn", std::make_shared<Attention>(cross));
  }
  if (residual_ != Residual::kParallelShared) {
    post_attention_layernorm =
        register_module("post_attention_layernorm", std::make_shared<Norm>(norm_options(config)));
  }
  mlp = register_module("mlp", std::make_shared<Mlp>(MlpOptions{.width = config.width,
                                                                .ff_width = config.ff_width,
                                                                .activation = config.activation,
                                                                .gated = config.gated_mlp,
                                                                .bias = config.mlp_bias}));
}

torch::Tensor TransformerBlock::drop(const torch::Tensor& x, const char* place, const DropoutKey* key) const {
  if (key == nullptr || dropout_ == 0.0) {
    return x;
  }
  return dropout(x, dropout_, "dropout." + std::to_string(index_) + "." + place, key);
}

torch::Tensor TransformerBlock::sequential(const BlockInput& input) {
  const bool pre = placement_ == NormPlacement::kPre;
  torch::Tensor x = input.mixer.x;
  // One half of the block: a branch added to the stream, with its norm before the branch or after the sum.
  const auto half = [&](const Norm& norm, const char* place, const auto& branch) {
    const torch::Tensor change = drop(branch(pre ? norm.forward(x) : x), place, input.dropout);
    x = pre ? x + change : norm.forward(x + change);
  };
  half(*input_layernorm, "mixer", [&](const torch::Tensor& h) {
    MixerInput mixer = input.mixer;
    mixer.x = h;
    return self_attn->forward(mixer);
  });
  if (cross_attn) {
    half(*cross_attention_layernorm, "cross", [&](const torch::Tensor& h) {
      MixerInput cross = input.cross;
      cross.x = h;
      return cross_attn->forward(cross);
    });
  }
  half(*post_attention_layernorm, "mlp", [&](const torch::Tensor& h) { return mlp->forward(h); });
  return x;
}

torch::Tensor TransformerBlock::parallel(const BlockInput& input) {
  const torch::Tensor& x = input.mixer.x;
  MixerInput mixer = input.mixer;
  mixer.x = input_layernorm->forward(x);
  const torch::Tensor second = post_attention_layernorm ? post_attention_layernorm->forward(x) : mixer.x;
  const torch::Tensor mixed = drop(self_attn->forward(mixer), "mixer", input.dropout);
  return x + mixed + drop(mlp->forward(second), "mlp", input.dropout);
}

torch::Tensor TransformerBlock::forward(const BlockInput& input) {
  if (residual_ == Residual::kParallel || residual_ == Residual::kParallelShared) {
    return parallel(input);
  }
  const bool plain = placement_ == NormPlacement::kPost || (dropout_ > 0.0 && input.dropout != nullptr);
  return !plain && can_fuse_block(*this, input) ? fused_block(*this, input) : sequential(input);
}

}  // namespace everform
