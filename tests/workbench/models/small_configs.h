// One small configuration for every arrangement of a block stack, and weights of order one for it.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>

#include "everform/workbench/layers/init.h"
#include "everform/workbench/models/transformer.h"

namespace everform::test {

inline std::map<std::string, TransformerConfig> small_configs() {
  const TransformerConfig base{.vocabulary = 23,
                               .width = 16,
                               .depth = 2,
                               .heads = 4,
                               .kv_heads = 4,
                               .head_width = 4,
                               .ff_width = 24,
                               .context = 32};
  std::map<std::string, TransformerConfig> configs;

  TransformerConfig c = base;
  c.kv_heads = 2;
  c.tied = true;
  configs["llama"] = c;
  c.window = 4;
  c.tied = false;
  configs["mistral"] = c;
  c.window = 0;
  c.qkv_bias = true;
  c.rotary.scaling = RotaryScaling::kLlama3;
  c.rotary.factor = 8.0;
  c.rotary.original_context = 16;
  configs["qwen2"] = c;

  c = base;
  c.norm = NormKind::kLayerNorm;
  c.norm_bias = true;
  c.positions = PositionKind::kLearned;
  c.activation = Activation::kGeluTanh;
  c.gated_mlp = false;
  c.qkv_bias = c.attention_output_bias = c.mlp_bias = true;
  c.tied = true;
  configs["gpt2"] = c;
  c.position_offset = 2;
  c.activation = Activation::kRelu;
  configs["opt"] = c;
  c.norm_placement = NormPlacement::kPost;
  c.final_norm = false;
  configs["post_norm"] = c;
  c = configs["gpt2"];
  c.positions = PositionKind::kSinusoidal;
  c.head_bias = true;
  configs["sinusoidal"] = c;
  c = configs["gpt2"];
  c.positions = PositionKind::kAlibi;
  c.embedding_norm = true;
  configs["alibi"] = c;

  c = configs["gpt2"];
  c.positions = PositionKind::kRotary;
  c.rotary.dimensions = 2;
  c.activation = Activation::kGelu;
  c.residual = Residual::kParallel;
  c.tied = false;
  c.head_bias = true;
  configs["neox"] = c;
  c.residual = Residual::kParallelShared;
  c.kv_heads = 1;
  c.rotary.dimensions = 0;
  c.qkv_bias = c.attention_output_bias = c.mlp_bias = c.head_bias = false;
  configs["falcon"] = c;

  c = base;
  c.norm = NormKind::kLayerNorm;
  c.head_width = 8;
  c.rotary.dimensions = 4;
  c.activation = Activation::kGelu;
  c.gated_mlp = false;
  c.mlp_bias = true;
  configs["lifegpt"] = c;
  return configs;
}

/// Weights that make every part of the network matter: biases and gains are not at their initial zeros and
/// ones.
inline void randomise(torch::nn::Module& module, std::uint64_t seed) {
  initialise(module, seed, {.deviation = 0.3});
  const torch::NoGradGuard no_grad;
  for (const auto& parameter : module.named_parameters()) {
    if (parameter.value().dim() == 1) {
      torch::Tensor noise = torch::empty_like(parameter.value());
      fill_normal(noise, seed, "randomise." + parameter.key(), 0.2);
      parameter.value().add_(noise);
    }
  }
}

}  // namespace everform::test
