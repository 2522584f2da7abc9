// Attention without a softmax, in constant memory a token: linear attention (Katharopoulos et al. 2020, arXiv
// 2006.16236) and retention (Sun et al. 2023, arXiv 2307.08621).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "everform/workbench/layers/linear.h"
#include "everform/workbench/layers/mixer.h"
#include "everform/workbench/layers/rotary_embedding.h"

namespace everform {

struct LinearAttentionOptions {
  enum class Kind { kLinear, kRetention };
  Kind kind = Kind::kLinear;
  std::int64_t width = 0;
  std::int64_t heads = 1;
  bool qkv_bias = false;
  bool output_bias = false;
  std::int64_t chunk = 64;  ///< tokens handled at once; the result does not depend on it but for rounding
};

/// S = sum of decay^(n-m) k_m^T v_m and z = sum of k_m, per head.
class LinearAttentionState : public MixerState {
 public:
  std::int64_t length() const override { return length_; }
  std::unique_ptr<MixerState> clone() const override;
  void truncate(std::int64_t length) override;
  void detach() override;

  torch::Tensor sum;         ///< [batch, heads, head_width, head_width]; undefined while empty
  torch::Tensor normaliser;  ///< [batch, heads, head_width]; linear attention only
  void advance(std::int64_t tokens) { length_ += tokens; }

 private:
  std::int64_t length_ = 0;
};

/// Causal. Linear: o_n = phi(q_n) S_n / (phi(q_n) . z_n), phi = elu + 1. Retention: o_n = q_n S_n with decay
/// 1 - 2^(-5-h), queries and keys rotated, heads normalised and gated by silu(g_proj(x)). Hidden keys
/// (key_mask) are left out of the sums. Parameters q_proj, k_proj, v_proj, o_proj and, for retention, g_proj.
class LinearAttention : public Mixer {
 public:
  explicit LinearAttention(const LinearAttentionOptions& options);

  torch::Tensor forward(const MixerInput& input) override;
  std::unique_ptr<MixerState> new_state() const override { return std::make_unique<LinearAttentionState>(); }

  std::shared_ptr<Linear> q_proj;
  std::shared_ptr<Linear> k_proj;
  std::shared_ptr<Linear> v_proj;
  std::shared_ptr<Linear> g_proj;  ///< nullptr for linear attention
  std::shared_ptr<Linear> o_proj;

 private:
  torch::Tensor chunk_forward(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                              LinearAttentionState& state) const;

  LinearAttentionOptions options_;
  std::int64_t head_width_;
  std::vector<double> decay_;  ///< per head; 1 for linear attention
  RotaryPositions rotary_;
};

}  // namespace everform
