// Fused operations against the plain composition in double, forward and backward, with every instruction set
// of this machine.

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "everform/core/base/error.h"
#include "everform/workbench/layers/fused_activation.h"
#include "everform/workbench/layers/fused_attention.h"
#include "everform/workbench/layers/fused_cross_entropy.h"
#include "everform/workbench/layers/fused_norm.h"
#include "everform/workbench/layers/kernels.h"
#include "everform/workbench/layers/mlp.h"
#include "tests/workbench/layers/gradient_check.h"

namespace everform {
namespace {

using test::normal_tensor;

/// Largest difference, in units of the expected tensor's largest element (at least 1).
double relative_gap(const torch::Tensor& found, const torch::Tensor& expected) {
  if (found.sizes() != expected.sizes()) {
    return INFINITY;
  }
  const double size = std::max(1.0, expected.abs().max().item<double>());
  return (found.to(at::kDouble) - expected).abs().max().item<double>() / size;
}

/// A float32 or bf16 leaf, and the same rounded values as a double leaf.
struct Leaf {
  torch::Tensor fast;
  torch::Tensor exact;

  Leaf() = default;
  Leaf(at::IntArrayRef shape, const char* purpose, at::ScalarType type, double deviation = 1.0) {
    fast = normal_tensor(shape, purpose, deviation).to(type);
    exact = fast.to(at::kDouble).requires_grad_(true);
    fast.requires_grad_(true);
  }
};

/// Same cotangents into both sides, then the gradients of all leaves.
void expect_same(const torch::Tensor& fast, const torch::Tensor& exact, const std::vector<Leaf>& leaves,
                 double tolerance, const std::string& label) {
  EXPECT_LT(relative_gap(fast.detach(), exact.detach()), tolerance) << label;
  const torch::Tensor cotangent = normal_tensor(exact.sizes(), "cotangent").to(fast.scalar_type());
  std::vector<torch::Tensor> fast_leaves;
  std::vector<torch::Tensor> exact_leaves;
  for (const Leaf& leaf : leaves) {
    if (leaf.fast.defined()) {
      fast_leaves.push_back(leaf.fast);
      exact_leaves.push_back(leaf.exact);
    }
  }
  const auto found = torch::autograd::grad({fast}, fast_leaves, {cotangent});
  const auto expected = torch::autograd::grad({exact}, exact_leaves, {cotangent.to(at::kDouble)});
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].scalar_type(), fast_leaves[i].scalar_type()) << label;
    EXPECT_LT(relative_gap(found[i], expected[i]), tolerance) << label << ", gradient " << i;
  }
}

class Fused : public testing::TestWithParam<const kernels::Table*> {
 protected:
  void SetUp() override { kernels::use_table(GetParam()); }
  void TearDown() override { kernels::use_table(nullptr); }
};
INSTANTIATE_TEST_SUITE_P(Tables, Fused,
                         testing::ValuesIn(kernels::runnable_tables().begin(),
                                           kernels::runnable_tables().end()),
                         [](const auto& info) { return std::string(info.param->name); });

TEST_P(Fused, SumAndNormEqualTheFormula) {
  for (const std::int64_t width : {5, 16, 100}) {
    for (const bool rms : {false, true}) {
      for (const bool change : {false, true}) {
        for (const auto type : {at::kFloat, at::kBFloat16}) {
          const std::int64_t rows = 70;
          Norm norm({.width = width, .kind = rms ? NormKind::kRmsNorm : NormKind::kLayerNorm, .bias = !rms});
          const Leaf gain({width}, "gain", at::kFloat);
          const Leaf bias({width}, "bias", at::kFloat);
          norm.weight = gain.fast;
          norm.bias = rms ? torch::Tensor() : bias.fast;
          const Leaf x({rows, width}, "x", at::kFloat, 2.0);
          const Leaf delta({rows, width}, "delta", type);
          const Leaf delta_bias({width}, "delta_bias", at::kFloat);
          const SumAndNorm out = fused_norm(x.fast, change ? delta.fast : torch::Tensor(),
                                            change ? delta_bias.fast : torch::Tensor(), &norm, type);
          const torch::Tensor sum = change ? x.exact + delta.exact + delta_bias.exact : x.exact;
          const torch::Tensor centred = rms ? sum : sum - sum.mean(-1, true);
          torch::Tensor normed = centred / (centred.square().mean(-1, true) + 1e-5).sqrt() * gain.exact;
          normed = rms ? normed : normed + bias.exact;
          std::vector<Leaf> leaves{x, gain};
          if (change) {
            leaves.push_back(delta);
            leaves.push_back(delta_bias);
          }
          if (!rms) {
            leaves.push_back(bias);
          }
          const std::string label = "width " + std::to_string(width) + " rms " + std::to_string(rms) +
                                    " change " + std::to_string(change) + " " + c10::toString(type);
          EXPECT_EQ(out.normed.scalar_type(), type);
          // Both outputs at once: the gradient of the sum joins that of the norm.
          expect_same(out.sum + out.normed.to(at::kFloat), sum + normed, leaves,
                      type == at::kFloat ? 2e-6 : 2e-2, label);
        }
      }
    }
  }
}

TEST_P(Fused, ASumAloneHasPlainGradients) {
  const Leaf x({9, 7}, "x", at::kFloat);
  const Leaf delta({9, 7}, "delta", at::kBFloat16);
  const Leaf bias({7}, "bias", at::kFloat);
  const SumAndNorm out = fused_norm(x.fast, delta.fast, bias.fast, nullptr, at::kFloat);
  EXPECT_FALSE(out.normed.defined());
  expect_same(out.sum, x.exact + delta.exact + bias.exact, {x, delta, bias}, 5e-3, "sum");
}

TEST_P(Fused, ActivationsEqualTheFormula) {
  for (const Activation kind :
       {Activation::kGelu, Activation::kGeluTanh, Activation::kRelu, Activation::kSilu}) {
    for (const bool gated : {false, true}) {
      for (const auto type : {at::kFloat, at::kBFloat16}) {
        const Leaf x({70, 37}, "x", type, 2.5);
        const Leaf bias({37}, "bias", at::kFloat);
        const Leaf factor = gated ? Leaf({70, 37}, "factor", type) : Leaf();
        const Leaf factor_bias = gated ? Leaf({37}, "factor_bias", at::kFloat) : Leaf();
        const torch::Tensor fast = fused_activation(x.fast, bias.fast, factor.fast, factor_bias.fast, kind);
        torch::Tensor exact = activate(x.exact + bias.exact, kind);
        exact = gated ? exact * (factor.exact + factor_bias.exact) : exact;
        expect_same(fast, exact, {x, bias, factor, factor_bias}, type == at::kFloat ? 2e-6 : 1e-2,
                    "kind " + std::to_string(static_cast<int>(kind)) + " gated " + std::to_string(gated) +
                        " " + c10::toString(type));
      }
    }
  }
}

TEST_P(Fused, ActivationsAreExactFarFromZero) {
  const torch::Tensor x = torch::tensor({-200.0F, -30.0F, -6.0F, 0.0F, 6.0F, 30.0F, 200.0F});
  for (const Activation kind :
       {Activation::kGelu, Activation::kGeluTanh, Activation::kRelu, Activation::kSilu}) {
    const torch::Tensor found = fused_activation(x, {}, {}, {}, kind);
    EXPECT_LT((found - activate(x, kind)).abs().max().item<double>(), 1e-6);
  }
}

struct AttentionCase {
  std::int64_t tokens;
  std::int64_t heads;
  std::int64_t kv_heads;
  std::int64_t head_width;
  bool causal;
  bool masked;
  std::int64_t rotated;
  bool own_positions;
};

const std::vector<AttentionCase> kAttentionCases = {
    {1, 1, 1, 8, true, false, 0, false},    {5, 2, 2, 16, true, false, 0, false},
    {16, 4, 2, 24, true, false, 24, false}, {64, 1, 1, 64, false, false, 0, false},
    {95, 3, 1, 20, true, true, 10, false},  {130, 2, 1, 64, true, false, 64, true},
    {70, 2, 2, 40, false, true, 0, false},  {33, 1, 1, 130, true, true, 16, false},
};

TEST_P(Fused, AttentionEqualsThePlainComposition) {
  for (const AttentionCase& c : kAttentionCases) {
    for (const auto type : {at::kFloat, at::kBFloat16}) {
      AttentionOptions options{.width = 8,
                               .heads = c.heads,
                               .kv_heads = c.kv_heads,
                               .head_width = c.head_width,
                               .causal = c.causal};
      if (c.rotated > 0) {
        options.rotary = RotaryConfig{.dimensions = c.rotated};
      }
      const Attention layer(options);
      const std::int64_t row = (c.heads + 2 * c.kv_heads) * c.head_width;
      const Leaf qkv({2, c.tokens, row}, "qkv", type);
      const Leaf bias({row}, "bias", at::kFloat, 0.5);
      torch::Tensor key_mask;
      if (c.masked) {
        key_mask = (normal_tensor({2, c.tokens}, "mask") > -0.5);
        key_mask.select(1, 0).fill_(true);
      }
      const torch::Tensor positions =
          c.own_positions
              ? torch::stack({torch::arange(c.tokens), torch::arange(c.tokens) + 50}).to(at::kLong)
              : torch::Tensor();
      const AttentionMask mask = layer.prepare(c.tokens, 0, positions, key_mask, {}, qkv.fast);
      ASSERT_TRUE(can_fuse_attention(layer.options(), mask));
      const torch::Tensor fast = fused_attention(qkv.fast, bias.fast, layer.options(), mask);

      const torch::Tensor biased = (qkv.exact + bias.exact)
                                       .view({2, c.tokens, c.heads + 2 * c.kv_heads, c.head_width})
                                       .transpose(1, 2);
      torch::Tensor q = biased.narrow(1, 0, c.heads);
      torch::Tensor k = biased.narrow(1, c.heads, c.kv_heads);
      const torch::Tensor v = biased.narrow(1, c.heads + c.kv_heads, c.kv_heads);
      if (c.rotated > 0) {
        const RotaryPositions rotary(*options.rotary, c.head_width);
        q = rotary.apply(q, {mask.cosine, mask.sine});
        k = rotary.apply(k, {mask.cosine, mask.sine});
      }
      torch::Tensor weights;
      const torch::Tensor exact =
          attend(q, k, v, mask, layer.options().scale, &weights).transpose(1, 2).flatten(2);
      expect_same(fast, exact, {qkv, bias}, type == at::kFloat ? 5e-6 : 3e-2,
                  "tokens " + std::to_string(c.tokens) + " width " + std::to_string(c.head_width) + " " +
                      c10::toString(type));
    }
  }
}

TEST_P(Fused, AttentionNeverSeesTheFutureOrAHiddenKeyBitForBit) {
  const Attention layer({.width = 8, .heads = 2, .head_width = 24, .rotary = RotaryConfig{}});
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    torch::Tensor qkv = normal_tensor({1, 50, 6 * 24}, "qkv").to(type);
    torch::Tensor key_mask = torch::ones({1, 50}, at::kBool);
    key_mask[0][7] = false;
    const AttentionMask mask = layer.prepare(50, 0, {}, key_mask, {}, qkv);
    const torch::Tensor before = fused_attention(qkv, {}, layer.options(), mask).clone();
    qkv.select(1, 7).narrow(-1, 48, 96).add_(2.0);  // key and value of the hidden one
    qkv.slice(1, 30).add_(3.0);
    const torch::Tensor after = fused_attention(qkv, {}, layer.options(), mask);
    EXPECT_TRUE(torch::equal(before.slice(1, 0, 30), after.slice(1, 0, 30)));
    EXPECT_FALSE(torch::equal(before.slice(1, 30), after.slice(1, 30)));
  }
}

TEST_P(Fused, AQueryThatSeesNothingGivesZeroAndPassesNoGradient) {
  const Attention layer({.width = 8, .heads = 1, .head_width = 16});
  const torch::Tensor qkv = normal_tensor({1, 6, 48}, "qkv").to(at::kFloat).requires_grad_(true);
  const AttentionMask mask =
      layer.prepare(6, 0, {}, torch::tensor({0, 0, 1, 1, 1, 1}, at::kBool).unsqueeze(0), {}, qkv);
  const torch::Tensor out = fused_attention(qkv, {}, layer.options(), mask);
  EXPECT_EQ(out.slice(1, 0, 2).abs().max().item<double>(), 0.0);
  out.sum().backward();
  EXPECT_EQ(qkv.grad().slice(1, 0, 2).abs().max().item<double>(), 0.0);
  EXPECT_TRUE(qkv.grad().isfinite().all().item<bool>());
}

TEST_P(Fused, CrossEntropyEqualsTheFormulaAndLeavesItsGradient) {
  for (const std::int64_t classes : {2, 16, 65, 1000}) {
    for (const auto type : {at::kFloat, at::kBFloat16}) {
      const Leaf logits({70, classes}, "logits", type, 3.0);
      torch::Tensor targets = torch::arange(70, at::kLong).remainder(classes);
      targets[3] = -1;
      const torch::Tensor found_logits = logits.fast.detach().clone();
      const torch::Tensor without = fused_cross_entropy(found_logits, targets, false);
      EXPECT_TRUE(torch::equal(found_logits, logits.fast.detach()));
      const torch::Tensor loss = fused_cross_entropy(found_logits, targets, true);
      EXPECT_TRUE(torch::equal(loss, without));
      torch::Tensor exact =
          -torch::log_softmax(logits.exact, -1).gather(1, targets.clamp_min(0).unsqueeze(1)).squeeze(1);
      exact = exact * targets.ge(0);
      const torch::Tensor gradient = torch::autograd::grad({exact.sum()}, {logits.exact})[0];
      EXPECT_LT(relative_gap(loss, exact.detach()), 1e-6);
      EXPECT_LT(relative_gap(found_logits, gradient), type == at::kFloat ? 1e-6 : 5e-3);
    }
  }
  EXPECT_THROW(fused_cross_entropy(torch::zeros({1, 3}), torch::tensor({3}, at::kLong), true), Error);
}

TEST(FusedThreads, ResultsDoNotDependOnTheirNumber) {
  const int before = at::get_num_threads();
  const auto run = [](int threads) {
    at::set_num_threads(threads);
    const torch::Tensor x = normal_tensor({200, 48}, "x").to(at::kFloat).requires_grad_(true);
    Norm norm({.width = 48, .bias = true});
    const torch::Tensor bias = normal_tensor({48}, "bias").to(at::kFloat).requires_grad_(true);
    const torch::Tensor normed = fused_norm(x, {}, {}, &norm, at::kBFloat16).normed;
    const torch::Tensor active = fused_activation(normed, bias, {}, {}, Activation::kGelu);
    const Attention layer({.width = 8, .heads = 2, .head_width = 8});
    const torch::Tensor qkv = active.view({4, 50, 48});
    const torch::Tensor out =
        fused_attention(qkv, bias, layer.options(), layer.prepare(50, 0, {}, {}, {}, qkv));
    (out * normal_tensor(out.sizes(), "c").to(at::kFloat)).sum().backward();
    return std::vector<torch::Tensor>{out.detach(), x.grad(), bias.grad(), norm.weight.grad(),
                                      norm.bias.grad()};
  };
  const auto one = run(1);
  const auto three = run(3);
  at::set_num_threads(before);
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_TRUE(torch::equal(one[i], three[i])) << i;
  }
}

}  // namespace
}  // namespace everform
