#include "everform/workbench/layers/attention.h"

#include <ATen/autocast_mode.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/types.h>

#include <cmath>
#include <limits>

#include "everform/core/base/error.h"
#include "everform/workbench/layers/positions.h"

namespace everform {

namespace {

constexpr double kHidden = -std::numeric_limits<double>::infinity();

torch::Tensor add_defined(const torch::Tensor& a, const torch::Tensor& b) {
  if (!a.defined()) {
    return b;
  }
  return b.defined() ? a + b : a;
}

/// Additive [tokens, keys]: minus infinity where causality or the window hides a key.
torch::Tensor structure_bias(const AttentionOptions& options, std::int64_t tokens, std::int64_t past,
                             std::int64_t keys, const torch::TensorOptions& like) {
  const torch::Tensor query = torch::arange(past, past + tokens, like.dtype(at::kLong)).unsqueeze(1);
  const torch::Tensor key = torch::arange(keys, like.dtype(at::kLong)).unsqueeze(0);
  torch::Tensor hidden = torch::zeros({tokens, keys}, like.dtype(at::kBool));
  if (options.causal) {
    hidden = hidden | (key > query);
  }
  if (options.window > 0) {
    hidden = hidden | ((query - key).abs() >= options.window);
  }
  return torch::zeros({tokens, keys}, like).masked_fill(hidden, kHidden);
}

/// Groups of query heads share a key head; rows that see nothing give 0.
torch::Tensor attend_plainly(const torch::Tensor& q, torch::Tensor k, torch::Tensor v,
                             const AttentionMask& mask, double scale, torch::Tensor* weights) {
  const std::int64_t group = q.size(1) / k.size(1);
  if (group > 1) {
    k = k.repeat_interleave(group, 1);
    v = v.repeat_interleave(group, 1);
  }
  torch::Tensor scores =
      torch::matmul(q, k.transpose(-2, -1)).to(q.scalar_type() == at::kDouble ? at::kDouble : at::kFloat) *
      scale;
  if (mask.causal) {
    const torch::Tensor future = torch::ones({q.size(2), k.size(2)}, q.options().dtype(at::kBool)).triu(1);
    scores = scores.masked_fill(future, kHidden);
  }
  if (mask.bias.defined()) {
    scores = scores + mask.bias;
  }
  const torch::Tensor blind = torch::isneginf(scores).all(-1, true);
  const torch::Tensor probabilities =
      torch::softmax(scores.masked_fill(blind, 0.0), -1).masked_fill(blind, 0.0);
  if (weights != nullptr) {
    *weights = probabilities;
  }
  return torch::matmul(probabilities.to(v.scalar_type()), v);
}

}  // namespace

AttentionOptions attention_options(const TransformerConfig& config) {
  AttentionOptions options{.width = config.width,
                           .heads = config.heads,
                           .kv_heads = config.kv_heads,
                           .head_width = config.head_width,
                           .qkv_bias = config.qkv_bias,
                           .output_bias = config.attention_output_bias,
                           .causal = config.causal,
                           .window = config.window,
                           .scale = config.attention_scale,
                           .alibi = config.positions == PositionKind::kAlibi,
                           .alibi_max_bias = config.alibi_max_bias};
  if (config.positions == PositionKind::kRotary) {
    options.rotary = config.rotary;
  }
  return options;
}

std::unique_ptr<MixerState> KvState::clone() const {
  auto copy = std::make_unique<KvState>();
  if (length_ > 0) {
    copy->keys_ = keys().clone();
    copy->values_ = values().clone();
    copy->length_ = length_;
  }
  return copy;
}

void KvState::truncate(std::int64_t length) {
  length_ = std::min(length_, std::max<std::int64_t>(length, 0));
}

void KvState::detach() {
  if (keys_.defined()) {
    keys_ = keys_.detach();
    values_ = values_.detach();
  }
}

torch::Tensor KvState::keys() const {
  return length_ == 0 ? torch::Tensor() : keys_.narrow(2, 0, length_);
}
torch::Tensor KvState::values() const {
  return length_ == 0 ? torch::Tensor() : values_.narrow(2, 0, length_);
}

void KvState::append(const torch::Tensor& keys, const torch::Tensor& values) {
  const std::int64_t added = keys.size(2);
  if (at::GradMode::is_enabled()) {
    keys_ = length_ == 0 ? keys : torch::cat({this->keys(), keys}, 2);
    values_ = length_ == 0 ? values : torch::cat({this->values(), values}, 2);
    own_ = false;
  } else {
    if (!own_ || keys_.size(2) < length_ + added) {
      grow(keys, values, std::max<std::int64_t>(64, 2 * (length_ + added)));
    }
    keys_.narrow(2, length_, added).copy_(keys);
    values_.narrow(2, length_, added).copy_(values);
  }
  length_ += added;
}

void KvState::grow(const torch::Tensor& keys, const torch::Tensor& values, std::int64_t room) {
  const torch::Tensor old_keys = this->keys();
  const torch::Tensor old_values = this->values();
  keys_ = torch::empty({keys.size(0), keys.size(1), room, keys.size(3)}, keys.options());
  values_ = torch::empty({values.size(0), values.size(1), room, values.size(3)}, values.options());
  own_ = true;
  if (length_ > 0) {
    keys_.narrow(2, 0, length_).copy_(old_keys);
    values_.narrow(2, 0, length_).copy_(old_values);
  }
}

AttentionMask attention_mask(const AttentionOptions& options, std::int64_t tokens, std::int64_t past,
                             std::int64_t keys, const torch::Tensor& key_mask, const torch::Tensor& mask,
                             const torch::Tensor& like) {
  const auto type =
      like.options().dtype(like.scalar_type() == at::kDouble ? at::kDouble : at::kFloat).requires_grad(false);
  AttentionMask out;
  const bool square = past == 0 && tokens == keys;
  const bool windowed = options.window > 0 && options.window < keys;
  out.causal = options.causal && square && !windowed && tokens > 1;
  // A single new token may see every key there is.
  const bool needs_structure = (options.causal && !square && tokens > 1) || windowed;
  if (needs_structure) {
    out.bias = structure_bias(options, tokens, past, keys, type);
  }
  if (options.alibi) {
    out.bias = add_defined(
        out.bias, alibi_bias(options.heads, tokens, past, options.alibi_max_bias).to(type).unsqueeze(0));
  }
  if (key_mask.defined()) {
    const torch::Tensor hidden = key_mask.logical_not();
    const torch::Tensor key_bias = torch::zeros(hidden.sizes(), type).masked_fill(hidden, kHidden);
    if (!out.bias.defined() && !mask.defined() && key_bias.scalar_type() == at::kFloat) {
      out.key_bias = key_bias;
    }
    out.bias = add_defined(out.bias, key_bias.view({key_mask.size(0), 1, 1, key_mask.size(1)}));
  }
  out.bias = add_defined(out.bias, mask);
  return out;
}

torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                     const AttentionMask& mask, double scale, torch::Tensor* weights) {
  if (weights != nullptr) {
    return attend_plainly(q, k, v, mask, scale, weights);
  }
  // Autocast would round the additive mask to bf16, and with it ALiBi's distances.
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::DispatchKey::AutocastCPU);
  torch::Tensor bias = mask.bias;
  bool causal = mask.causal;
  if (bias.defined()) {
    while (bias.dim() < 4) {
      bias = bias.unsqueeze(0);
    }
    if (causal && (bias.requires_grad() || !q.is_cpu())) {
      // Only the CPU's fused kernel takes a mask and the causal flag together, and no mask that learns.
      const torch::Tensor future = torch::ones({q.size(2), k.size(2)}, q.options().dtype(at::kBool)).triu(1);
      bias = bias.masked_fill(future, kHidden);
      causal = false;
    }
    if (!q.is_cpu()) {
      bias = bias.to(q.scalar_type());
    }
  }
  return at::scaled_dot_product_attention(q, k, v,
                                          bias.defined() ? std::optional<at::Tensor>(bias) : std::nullopt,
                                          0.0, causal, scale, q.size(1) != k.size(1));
}

Attention::Attention(const AttentionOptions& options) : options_(options) {
  if (options_.kv_heads == 0) {
    options_.kv_heads = options_.heads;
  }
  if (options_.head_width == 0) {
    options_.head_width = options_.width / options_.heads;
  }
  if (options_.heads < 1 || options_.heads % options_.kv_heads != 0) {
    throw Error(ErrorKind::kUsage, "building an attention layer",
                std::to_string(options_.heads) + " heads cannot share " + std::to_string(options_.kv_heads) +
                    " key heads",
                "kv_heads must divide heads");
  }
  if (options_.scale == 0.0) {
    options_.scale = 1.0 / std::sqrt(static_cast<double>(options_.head_width));
  }
  if (options_.rotary) {
    rotary_.emplace(*options_.rotary, options_.head_width);
  }
  const std::int64_t source = options_.memory_width > 0 ? options_.memory_width : options_.width;
  const std::int64_t q_width = options_.heads * options_.head_width;
  const std::int64_t kv_width = options_.kv_heads * options_.head_width;
  q_proj = register_module("q_proj", std::make_shared<Linear>(options_.width, q_width, options_.qkv_bias));
  k_proj = register_module("k_proj", std::make_shared<Linear>(source, kv_width, options_.qkv_bias));
  v_proj = register_module("v_proj", std::make_shared<Linear>(source, kv_width, options_.qkv_bias));
  o_proj = register_module("o_proj", std::make_shared<Linear>(q_width, options_.width, options_.output_bias));
}

torch::Tensor Attention::heads_of(const torch::Tensor& projected, std::int64_t heads) const {
  return projected.view({projected.size(0), projected.size(1), heads, options_.head_width}).transpose(1, 2);
}

void Attention::keys_and_values(const MixerInput& input, torch::Tensor& k, torch::Tensor& v) const {
  auto* state = dynamic_cast<KvState*>(input.state);
  const bool cross = options_.memory_width > 0;
  if (cross && state != nullptr && state->length() > 0) {
    k = state->keys();
    v = state->values();
    return;
  }
  const torch::Tensor& source = cross ? input.memory : input.x;
  k = heads_of(k_proj->forward(source), options_.kv_heads);
  v = heads_of(v_proj->forward(source), options_.kv_heads);
}

AttentionMask Attention::prepare(std::int64_t tokens, std::int64_t past, const torch::Tensor& positions,
                                 const torch::Tensor& key_mask, const torch::Tensor& mask,
                                 const torch::Tensor& like) const {
  AttentionMask out = attention_mask(options_, tokens, past, past + tokens, key_mask, mask, like);
  if (rotary_) {
    const RotaryPositions::Angles angles = rotary_->angles(
        positions.defined()
            ? positions
            : torch::arange(past, past + tokens, like.options().dtype(at::kLong).requires_grad(false)));
    out.cosine = angles.cosine;
    out.sine = angles.sine;
  }
  return out;
}

torch::Tensor Attention::forward(const MixerInput& input) {
  const bool cross = options_.memory_width > 0;
  auto* state = dynamic_cast<KvState*>(input.state);
  const bool from_cache = cross && state != nullptr && state->length() > 0;
  if (cross && !input.memory.defined() && !from_cache) {
    throw Error(ErrorKind::kUsage, "cross attention", "there is no memory to attend to",
                "give the encoder's output as memory");
  }
  const std::int64_t tokens = input.x.size(1);
  const std::int64_t past = state != nullptr && !cross ? state->length() : 0;
  torch::Tensor q = heads_of(q_proj->forward(input.x), options_.heads);
  torch::Tensor k;
  torch::Tensor v;
  keys_and_values(input, k, v);
  AttentionMask built;
  if (input.prepared == nullptr) {
    built = cross ? attention_mask(options_, tokens, 0, k.size(2), input.key_mask, input.mask, q)
                  : prepare(tokens, past, input.positions, input.key_mask, input.mask, q);
  }
  const AttentionMask& mask = input.prepared != nullptr ? *input.prepared : built;
  if (rotary_ && !cross) {
    const RotaryPositions::Angles angles{mask.cosine, mask.sine};
    q = rotary_->apply(q, angles);
    k = rotary_->apply(k, angles);
  }
  if (state != nullptr && !from_cache) {
    state->append(k, v);
    k = state->keys();
    v = state->values();
  }
  const torch::Tensor mixed = attend(q, k, v, mask, options_.scale, input.weights);
  return o_proj->forward(mixed.transpose(1, 2).flatten(2));
}

}  // namespace everform
