// Softmax attention: multi-head, grouped-query (Ainslie et al. 2023, arXiv 2305.13245), causal, windowed,
// bidirectional or cross.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "everform/core/recipes/transformer_config.h"
#include "everform/workbench/layers/linear.h"
#include "everform/workbench/layers/mixer.h"
#include "everform/workbench/layers/rotary_embedding.h"

namespace everform {

struct AttentionOptions {
  std::int64_t width = 0;
  std::int64_t heads = 1;
  std::int64_t kv_heads = 0;      ///< 0: as heads; otherwise divides heads
  std::int64_t head_width = 0;    ///< 0: width / heads
  std::int64_t memory_width = 0;  ///< > 0: cross attention, keys and values come from MixerInput::memory
  bool qkv_bias = false;
  bool output_bias = false;
  bool causal = true;
  std::int64_t window = 0;  ///< query i sees keys i-window+1..i (bidirectional: |i-j| < window); 0: all
  double scale = 0.0;       ///< factor of q.k; 0: 1/sqrt(head_width)
  bool alibi = false;
  double alibi_max_bias = 8.0;
  std::optional<RotaryConfig> rotary;
};

/// The options a configuration asks for in its blocks.
AttentionOptions attention_options(const TransformerConfig& config);

/// Keys and values seen so far, rotated where positions are rotary. Cross attention keeps the memory's,
/// computed once.
class KvState : public MixerState {
 public:
  std::int64_t length() const override { return length_; }
  std::unique_ptr<MixerState> clone() const override;
  void truncate(std::int64_t length) override;
  void detach() override;

  /// Adds keys and values [batch, kv_heads, tokens, head_width].
  void append(const torch::Tensor& keys, const torch::Tensor& values);
  /// [batch, kv_heads, length, head_width]; undefined while empty
  torch::Tensor keys() const;
  torch::Tensor values() const;

 private:
  void grow(const torch::Tensor& keys, const torch::Tensor& values, std::int64_t room);

  torch::Tensor keys_;
  torch::Tensor values_;
  std::int64_t length_ = 0;
  bool own_ = false;  ///< keys_ and values_ are buffers of this state, with room beyond length_, that may be
                      ///< written in place
};

/// Causality, window, ALiBi, key mask and a further additive mask in one; built once and shared by all layers
/// of a stack.
/// @param past keys before the first of `tokens` queries @param keys number of keys in all
/// @param key_mask bool [batch, keys] or undefined @param mask additive or undefined @param like gives type
/// and device
AttentionMask attention_mask(const AttentionOptions& options, std::int64_t tokens, std::int64_t past,
                             std::int64_t keys, const torch::Tensor& key_mask, const torch::Tensor& mask,
                             const torch::Tensor& like);

/// softmax(scale q k^T + mask) v without dropout; heads of q share those of k and v in groups. A row whose
/// keys are all masked gives 0.
/// @param q [batch, heads, tokens, head_width] @param k,v [batch, kv_heads, keys, head_width]
/// @param weights where set, the probabilities [batch, heads, tokens, keys] are written here and the plain
/// composition is used
torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                     const AttentionMask& mask, double scale, torch::Tensor* weights = nullptr);

/// Parameters q_proj, k_proj, v_proj, o_proj.
class Attention : public Mixer {
 public:
  explicit Attention(const AttentionOptions& options);

  torch::Tensor forward(const MixerInput& input) override;
  std::unique_ptr<MixerState> new_state() const override { return std::make_unique<KvState>(); }

  /// Mask and angles for `tokens` queries after `past` keys; any layer of the same options may use them.
  /// @param positions as in MixerInput @param like gives type and device
  AttentionMask prepare(std::int64_t tokens, std::int64_t past, const torch::Tensor& positions,
                        const torch::Tensor& key_mask, const torch::Tensor& mask,
                        const torch::Tensor& like) const;

  /// Options with every default filled in.
  const AttentionOptions& options() const { return options_; }

  std::shared_ptr<Linear> q_proj;
  std::shared_ptr<Linear> k_proj;
  std::shared_ptr<Linear> v_proj;
  std::shared_ptr<Linear> o_proj;

 private:
  torch::Tensor heads_of(const torch::Tensor& projected, std::int64_t heads) const;
  void keys_and_values(const MixerInput& input, torch::Tensor& k, torch::Tensor& v) const;

  AttentionOptions options_;
  std::optional<RotaryPositions> rotary_;
};

}  // namespace everform
