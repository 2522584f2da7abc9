#include "everform/workbench/layers/linear_attention.h"

#include <c10/core/impl/LocalDispatchKeySet.h>
#include <torch/types.h>

#include <cmath>

#include "everform/core/base/error.h"

namespace everform {

std::unique_ptr<MixerState> LinearAttentionState::clone() const {
  return std::make_unique<LinearAttentionState>(*this);
}

void LinearAttentionState::truncate(std::int64_t length) {
  if (length >= length_) {
    return;
  }
  if (length > 0) {
    throw Error(ErrorKind::kUsage, "truncating a recurrent state",
                "it holds a sum over " + std::to_string(length_) + " tokens, which cannot go back to " +
                    std::to_string(length),
                "clone the state before going on");
  }
  *this = LinearAttentionState();
}

void LinearAttentionState::detach() {
  sum = sum.defined() ? sum.detach() : sum;
  normaliser = normaliser.defined() ? normaliser.detach() : normaliser;
}

LinearAttention::LinearAttention(const LinearAttentionOptions& options)
    : options_(options), head_width_(options.width / options.heads), rotary_(RotaryConfig{}, head_width_) {
  const std::int64_t width = options.width;
  q_proj = register_module("q_proj", std::make_shared<Linear>(width, width, options.qkv_bias));
  k_proj = register_module("k_proj", std::make_shared<Linear>(width, width, options.qkv_bias));
  v_proj = register_module("v_proj", std::make_shared<Linear>(width, width, options.qkv_bias));
  o_proj = register_module("o_proj", std::make_shared<Linear>(width, width, options.output_bias));
  if (options.kind == LinearAttentionOptions::Kind::kRetention) {
    g_proj = register_module("g_proj", std::make_shared<Linear>(width, width, false));
  }
  for (std::int64_t h = 0; h < options.heads; ++h) {
    decay_.push_back(g_proj ? 1.0 - std::pow(2.0, -5.0 - static_cast<double>(h)) : 1.0);
  }
}

torch::Tensor LinearAttention::chunk_forward(const torch::Tensor& q, const torch::Tensor& k,
                                             const torch::Tensor& v, LinearAttentionState& state) const {
  const std::int64_t tokens = q.size(2);
  const torch::Tensor step = torch::arange(tokens, q.options().requires_grad(false));
  const torch::Tensor log_decay =
      torch::tensor(decay_, q.options().requires_grad(false)).log().view({-1, 1, 1});
  const torch::Tensor gap = step.unsqueeze(1) - step.unsqueeze(0);
  const torch::Tensor weight = torch::exp(log_decay * gap.clamp_min(0)).tril();
  const torch::Tensor scores = torch::matmul(q, k.transpose(-2, -1)) * weight;
  torch::Tensor out = torch::matmul(scores, v);
  const torch::Tensor to_end = torch::exp(log_decay * (static_cast<double>(tokens - 1) - step).unsqueeze(-1));
  torch::Tensor sum = torch::matmul((k * to_end).transpose(-2, -1), v);
  torch::Tensor normaliser = k.sum(2);
  torch::Tensor denominator = scores.sum(-1, true);
  if (state.sum.defined()) {
    const torch::Tensor from_start = torch::exp(log_decay * (step + 1).unsqueeze(-1));
    out = out + torch::matmul(q * from_start, state.sum);
    sum = sum + torch::exp(log_decay * static_cast<double>(tokens)) * state.sum;
    if (!g_proj) {
      denominator = denominator + torch::matmul(q, state.normaliser.unsqueeze(-1));
      normaliser = normaliser + state.normaliser;
    }
  }
  state.sum = sum;
  if (g_proj) {
    return out;
  }
  state.normaliser = normaliser;
  return out / (denominator + 1e-6);
}

torch::Tensor LinearAttention::forward(const MixerInput& input) {
  if (input.mask.defined()) {
    throw Error(ErrorKind::kUsage, "linear attention", "an additive mask has no meaning without a softmax",
                "use a key mask");
  }
  LinearAttentionState own;
  auto* given = dynamic_cast<LinearAttentionState*>(input.state);
  LinearAttentionState& state = given != nullptr ? *given : own;
  const std::int64_t tokens = input.x.size(1);
  const auto heads = [&](const torch::Tensor& y) {
    return y.view({y.size(0), tokens, options_.heads, head_width_}).transpose(1, 2);
  };
  // Long sums need float32 even where the projections run in bf16.
  const auto wide = input.x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  torch::Tensor q = heads(q_proj->forward(input.x)).to(wide);
  torch::Tensor k = heads(k_proj->forward(input.x)).to(wide);
  const torch::Tensor v = heads(v_proj->forward(input.x)).to(wide);
  if (g_proj) {
    const torch::Tensor positions =
        input.positions.defined()
            ? input.positions
            : torch::arange(state.length(), state.length() + tokens, q.options().dtype(at::kLong));
    const RotaryPositions::Angles angles = rotary_.angles(positions);
    q = rotary_.apply(q, angles);
    k = rotary_.apply(k, angles) / std::sqrt(static_cast<double>(head_width_));
  } else {
    q = torch::elu(q) + 1.0;
    k = torch::elu(k) + 1.0;
  }
  if (input.key_mask.defined()) {
    const torch::Tensor visible = input.key_mask.narrow(1, state.length(), tokens);
    k = k * visible.to(wide).view({visible.size(0), 1, tokens, 1});
  }
  torch::Tensor mixed;
  {
    const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::DispatchKey::AutocastCPU);
    std::vector<torch::Tensor> parts;
    for (std::int64_t begin = 0; begin < tokens; begin += options_.chunk) {
      const std::int64_t count = std::min(options_.chunk, tokens - begin);
      parts.push_back(chunk_forward(q.narrow(2, begin, count), k.narrow(2, begin, count),
                                    v.narrow(2, begin, count), state));
    }
    mixed = parts.size() == 1 ? parts.front() : torch::cat(parts, 2);
  }
  state.advance(tokens);
  if (!g_proj) {
    return o_proj->forward(mixed.transpose(1, 2).flatten(2).to(input.x.scalar_type()));
  }
  mixed = at::layer_norm(mixed, {head_width_}).transpose(1, 2).flatten(2);
  return o_proj->forward((torch::silu(g_proj->forward(input.x)) * mixed).to(input.x.scalar_type()));
}

}  // namespace everform
