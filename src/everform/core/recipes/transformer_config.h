// One torch-free description of a block stack, read by the plain path, the fast engine and the workbench
// alike.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace everform {

enum class NormKind { kLayerNorm, kRmsNorm };
enum class NormPlacement { kPre, kPost };
enum class PositionKind { kNone, kLearned, kSinusoidal, kRotary, kAlibi };
/// kGelu is exact (erf), kGeluTanh the tanh approximation.
enum class Activation { kGelu, kGeluTanh, kRelu, kSilu };
/// kSequential: x += attention(norm1(x)); x += mlp(norm2(x)). kParallel: x += attention(norm1(x)) +
/// mlp(norm2(x)) (GPT-NeoX). kParallelShared: both halves read norm1 (Falcon-7B).
enum class Residual { kSequential, kParallel, kParallelShared };
enum class RotaryScaling { kNone, kLinear, kLlama3 };

struct RotaryConfig {
  double theta = 10000.0;
  /// Leading dimensions of each head that are rotated; 0 means all.
  std::int64_t dimensions = 0;
  RotaryScaling scaling = RotaryScaling::kNone;
  double factor = 1.0;
  double low_frequency_factor = 1.0;
  double high_frequency_factor = 4.0;
  std::int64_t original_context = 8192;

  bool operator==(const RotaryConfig&) const = default;
};

/// A decoder's or encoder's block stack. Tensors inside carry LLaMA's Hugging Face names whatever the
/// architecture, Q and K rows in half-split rotary order, linears as [out, in], biases beside them with
/// ".bias":
///   model.embed_tokens.weight [vocabulary, width], model.embed_positions.weight [rows, width],
///   model.embed_norm.{weight,bias}, model.layers.{i}.input_layernorm, .self_attn.{q,k,v,o}_proj,
///   .post_attention_layernorm, .mlp.{gate,up,down}_proj (no gate without gated_mlp), model.norm,
///   lm_head.weight [vocabulary, width] (absent when tied).
struct TransformerConfig {
  std::string architecture = "everform";  ///< where it came from: "llama", "gpt2", "gpt_neox", ...

  std::int64_t vocabulary = 0;
  std::int64_t width = 0;
  std::int64_t depth = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;
  std::int64_t head_width = 0;
  std::int64_t ff_width = 0;
  std::int64_t context = 0;  ///< longest sequence; rows of a learned position table

  NormKind norm = NormKind::kRmsNorm;
  double norm_epsilon = 1e-5;
  bool norm_bias = false;  ///< layer norm's bias; its gain is always there
  NormPlacement norm_placement = NormPlacement::kPre;
  bool embedding_norm = false;  ///< a norm right after the embedding (BLOOM, BERT)
  bool final_norm = true;
  Residual residual = Residual::kSequential;

  PositionKind positions = PositionKind::kRotary;
  RotaryConfig rotary;
  std::int64_t position_offset = 0;  ///< first used row of the learned table (OPT: 2)
  double alibi_max_bias = 8.0;

  Activation activation = Activation::kSilu;
  bool gated_mlp = true;
  bool qkv_bias = false;
  bool attention_output_bias = false;
  bool mlp_bias = false;
  bool head_bias = false;
  bool tied = false;  ///< the head is the embedding table
  bool causal = true;
  std::int64_t window = 0;       ///< sliding window in tokens, 0 for none
  double attention_scale = 0.0;  ///< factor of q.k; 0 means 1/sqrt(head_width)

  std::int64_t bos = -1;
  std::vector<std::int64_t> eos;  ///< tokens that end a generation

  bool operator==(const TransformerConfig&) const = default;
};

/// Checks every size and relation (heads divide, rotary dimensions even and at most head_width, ...).
/// Throws Error{kBadInput} naming `where`, the key and what would be right.
void validate(const TransformerConfig& config, const std::string& where);

/// Exact number of parameters, a tied head counted once.
std::int64_t parameter_count(const TransformerConfig& config);

/// Everform's own config.json: {"model_type":"everform", ...every field...}; from_json refuses unknown keys
/// and wrong types.
nlohmann::json to_json(const TransformerConfig& config);
TransformerConfig transformer_config_from_json(const nlohmann::json& json, const std::string& where);

}  // namespace everform
