#include "everform/workbench/models/fused_block.h"

#include <ATen/autocast_mode.h>

#include "everform/workbench/layers/fused_activation.h"
#include "everform/workbench/layers/fused_attention.h"
#include "everform/workbench/layers/fused_linear.h"
#include "everform/workbench/layers/fused_norm.h"

namespace everform {

namespace {

bool float_on_cpu(const Linear* linear) {
  return linear == nullptr || (linear->weight.is_cpu() && linear->weight.scalar_type() == at::kFloat);
}

/// The map without its bias, an adapter's part included.
torch::Tensor product(const Linear& linear, const torch::Tensor& h) {
  const torch::Tensor y = fused_linear(h, {linear.weight});
  return linear.addition() ? y + linear.addition()->forward(h).to(y.scalar_type()) : y;
}

torch::Tensor project(const Attention& attention, const torch::Tensor& h) {
  const Linear& q = *attention.q_proj;
  const Linear& k = *attention.k_proj;
  const Linear& v = *attention.v_proj;
  if (!q.addition() && !k.addition() && !v.addition()) {
    return fused_linear(h, {q.weight, k.weight, v.weight});
  }
  return at::cat({product(q, h), product(k, h), product(v, h)}, -1);
}

torch::Tensor joined_bias(const Attention& attention) {
  if (!attention.q_proj->bias.defined()) {
    return {};
  }
  return at::cat({attention.q_proj->bias, attention.k_proj->bias, attention.v_proj->bias}, 0);
}

torch::Tensor mix(const Attention& attention, const torch::Tensor& h, const AttentionMask& mask) {
  const torch::Tensor mixed =
      fused_attention(project(attention, h), joined_bias(attention), attention.options(), mask);
  return product(*attention.o_proj, mixed);
}

torch::Tensor transform(const Mlp& mlp, const torch::Tensor& h) {
  const torch::Tensor up = product(*mlp.up_proj, h);
  const torch::Tensor inner = mlp.gate_proj
                                  ? fused_activation(product(*mlp.gate_proj, h), mlp.gate_proj->bias, up,
                                                     mlp.up_proj->bias, mlp.activation())
                                  : fused_activation(up, mlp.up_proj->bias, {}, {}, mlp.activation());
  return product(*mlp.down_proj, inner);
}

}  // namespace

bool can_fuse_block(const TransformerBlock& block, const BlockInput& input) {
  const auto* attention = dynamic_cast<const Attention*>(block.self_attn.get());
  const torch::Tensor& x = input.mixer.x;
  if (attention == nullptr || block.cross_attn || input.mixer.prepared == nullptr ||
      input.mixer.state != nullptr || input.mixer.weights != nullptr || x.scalar_type() != at::kFloat ||
      !can_fuse_norm(x, *block.input_layernorm)) {
    return false;
  }
  const bool autocast = at::autocast::is_autocast_enabled(at::kCPU);
  if (autocast && at::autocast::get_autocast_dtype(at::kCPU) != at::kBFloat16) {
    return false;
  }
  const Mlp& mlp = *block.mlp;
  for (const Linear* linear :
       {attention->q_proj.get(), attention->k_proj.get(), attention->v_proj.get(), attention->o_proj.get(),
        mlp.gate_proj.get(), mlp.up_proj.get(), mlp.down_proj.get()}) {
    if (!float_on_cpu(linear)) {
      return false;
    }
  }
  return can_fuse_attention(attention->options(), *input.mixer.prepared);
}

torch::Tensor fused_block(const TransformerBlock& block, const BlockInput& input) {
  const auto& attention = dynamic_cast<const Attention&>(*block.self_attn);
  const at::ScalarType type = product_type();
  const SumAndNorm first = fused_norm(input.mixer.x, {}, {}, block.input_layernorm.get(), type);
  const torch::Tensor mixed = mix(attention, first.normed, *input.mixer.prepared);
  const SumAndNorm second =
      fused_norm(first.sum, mixed, attention.o_proj->bias, block.post_attention_layernorm.get(), type);
  const torch::Tensor change = transform(*block.mlp, second.normed);
  return fused_norm(second.sum, change, block.mlp->down_proj->bias, nullptr, type).sum;
}

}  // namespace everform
