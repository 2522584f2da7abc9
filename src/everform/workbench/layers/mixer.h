// The part of a block that moves information between tokens: attention, linear attention, retention, LSTM.
#pragma once

#include <torch/nn/module.h>
#include <torch/types.h>

#include <cstdint>
#include <memory>

namespace everform {

/// What a mixer remembers of the tokens it has seen: keys and values, or a recurrent state. Autograd can
/// reach it: with gradients enabled the state keeps the graph, so that a loss on later tokens flows back into
/// earlier ones.
class MixerState {
 public:
  virtual ~MixerState() = default;
  /// Tokens seen.
  virtual std::int64_t length() const = 0;
  virtual std::unique_ptr<MixerState> clone() const = 0;
  /// Forgets everything after the first `length` tokens. Throws Error{kUsage} where the state cannot go back
  /// (recurrent ones can only be cleared, length 0).
  virtual void truncate(std::int64_t length) = 0;
  /// Cuts the graph: what is remembered becomes a constant.
  virtual void detach() = 0;
};

/// What all attention layers of a stack share in one forward pass: the combined mask and the rotary angles.
/// See Attention::prepare().
struct AttentionMask {
  torch::Tensor bias;   ///< additive, broadcasts to [batch, heads, tokens, keys]; undefined: nothing to add
  bool causal = false;  ///< query i sees keys 0..i, on top of `bias`; only where tokens == keys
  torch::Tensor key_bias;  ///< float32 [batch, keys]; defined where it alone makes up `bias`
  torch::Tensor
      cosine;  ///< float32 [tokens, pairs] or [batch, tokens, pairs]; undefined: no rotary positions
  torch::Tensor sine;
};

struct MixerInput {
  torch::Tensor x;          ///< [batch, tokens, width]
  torch::Tensor positions;  ///< int64 [tokens] or [batch, tokens]; undefined: length() of the state and on
  torch::Tensor
      mask;  ///< additive, broadcasts to [batch, heads, tokens, keys]; may need a gradient; optional
  torch::Tensor key_mask;  ///< bool [batch, keys], true where the key may be seen by every query; optional
  torch::Tensor memory;    ///< [batch, keys, memory width] for cross attention
  MixerState* state = nullptr;              ///< reads and extends it; its tokens come before x
  const AttentionMask* prepared = nullptr;  ///< the combined mask where the caller has built it already (then
                                            ///< mask, key_mask are not read)
  torch::Tensor* weights =
      nullptr;  ///< where set, attention probabilities [batch, heads, tokens, keys] are written here
};

class Mixer : public torch::nn::Module {
 public:
  /// [batch, tokens, width] -> [batch, tokens, width]
  virtual torch::Tensor forward(const MixerInput& input) = 0;
  virtual std::unique_ptr<MixerState> new_state() const = 0;
};

}  // namespace everform
