// Small configurations of every architecture that the plain path must run.
#pragma once

#include <ostream>
#include <vector>

#include "everform/core/recipes/transformer_config.h"

namespace everform::test {

inline TransformerConfig small_llama() {
  TransformerConfig c;
  c.architecture = "llama";
  c.vocabulary = 37;
  c.width = 48;
  c.depth = 3;
  c.heads = 6;
  c.kv_heads = 2;
  c.head_width = 8;
  c.ff_width = 72;
  c.context = 160;
  c.tied = true;
  return c;
}

inline TransformerConfig small_gpt2() {
  TransformerConfig c = small_llama();
  c.architecture = "gpt2";
  c.kv_heads = c.heads;
  c.norm = NormKind::kLayerNorm;
  c.norm_bias = true;
  c.positions = PositionKind::kLearned;
  c.activation = Activation::kGeluTanh;
  c.gated_mlp = false;
  c.qkv_bias = c.attention_output_bias = c.mlp_bias = true;
  return c;
}

inline std::vector<TransformerConfig> architecture_rows() {
  std::vector<TransformerConfig> rows;
  const auto add = [&](const char* name, TransformerConfig c) {
    c.architecture = name;
    rows.push_back(c);
  };
  add("llama", small_llama());
  {
    TransformerConfig c = small_llama();
    c.rotary = {.theta = 500000.0, .scaling = RotaryScaling::kLlama3, .factor = 8.0, .original_context = 64};
    c.tied = false;
    add("llama3", c);
    c.rotary = {.scaling = RotaryScaling::kLinear, .factor = 4.0};
    add("llama-linear", c);
  }
  {
    TransformerConfig c = small_llama();
    c.window = 21;
    c.tied = false;
    add("mistral", c);
  }
  {
    TransformerConfig c = small_llama();
    c.qkv_bias = true;
    add("qwen2", c);
  }
  add("gpt2", small_gpt2());
  {
    TransformerConfig c = small_gpt2();
    c.positions = PositionKind::kRotary;
    c.rotary.dimensions = 4;
    c.residual = Residual::kParallel;
    c.activation = Activation::kGelu;
    c.tied = false;
    add("gpt_neox", c);
  }
  {
    TransformerConfig c = small_gpt2();
    c.position_offset = 2;
    c.activation = Activation::kRelu;
    add("opt", c);
    c.norm_placement = NormPlacement::kPost;
    c.final_norm = false;
    add("opt-post-norm", c);
  }
  {
    TransformerConfig c = small_gpt2();
    c.positions = PositionKind::kAlibi;
    c.embedding_norm = true;
    add("bloom", c);
  }
  {
    TransformerConfig c = small_gpt2();
    c.positions = PositionKind::kRotary;
    c.kv_heads = 1;
    c.residual = Residual::kParallelShared;
    c.activation = Activation::kGelu;
    c.qkv_bias = c.attention_output_bias = c.mlp_bias = false;
    add("falcon", c);
  }
  {
    TransformerConfig c = small_gpt2();
    c.positions = PositionKind::kAlibi;
    c.heads = 8;
    c.kv_heads = 1;
    c.norm_bias = c.qkv_bias = c.attention_output_bias = c.mlp_bias = false;
    c.activation = Activation::kGelu;
    add("mpt", c);
  }
  {
    TransformerConfig c = small_llama();
    c.norm = NormKind::kLayerNorm;
    c.vocabulary = 256;
    c.heads = c.kv_heads = 2;
    c.head_width = 24;
    c.rotary.dimensions = 12;
    c.activation = Activation::kGelu;
    c.gated_mlp = false;
    c.mlp_bias = true;
    c.tied = false;
    add("lifegpt", c);
  }
  {
    TransformerConfig c = small_gpt2();
    c.positions = PositionKind::kSinusoidal;
    c.attention_scale = 0.25;
    c.head_bias = true;
    add("sinusoidal", c);
  }
  return rows;
}

}  // namespace everform::test

namespace everform {

inline void PrintTo(const TransformerConfig& config, std::ostream* out) {
  *out << config.architecture;
}

}  // namespace everform
