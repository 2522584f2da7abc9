#include "everform/workbench/layers/attention.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/core/decoding/positions.h"
#include "everform/workbench/layers/init.h"
#include "everform/workbench/layers/positions.h"
#include "tests/workbench/layers/gradient_check.h"

namespace everform {
namespace {

using test::distance;
using test::expect_gradients;
using test::normal_tensor;

/// Element by element, straight from the formula. @param visible whether query i may see key j, and the bias
/// there
torch::Tensor plain_attention(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                              double scale, const std::function<bool(int, int, int)>& visible,
                              const std::function<double(int, int, int)>& bias) {
  const auto qa = q.accessor<double, 4>();
  const auto ka = k.accessor<double, 4>();
  const auto va = v.accessor<double, 4>();
  torch::Tensor out = torch::zeros_like(q);
  auto oa = out.accessor<double, 4>();
  const std::int64_t group = q.size(1) / k.size(1);
  for (int b = 0; b < q.size(0); ++b) {
    for (int h = 0; h < q.size(1); ++h) {
      for (int i = 0; i < q.size(2); ++i) {
        std::vector<double> weight(static_cast<std::size_t>(k.size(2)), 0.0);
        double total = 0.0;
        for (int j = 0; j < k.size(2); ++j) {
          if (!visible(b, i, j)) {
            continue;
          }
          double score = 0.0;
          for (int d = 0; d < q.size(3); ++d) {
            score += qa[b][h][i][d] * ka[b][h / group][j][d];
          }
          total += weight[static_cast<std::size_t>(j)] = std::exp(score * scale + bias(h, i, j));
        }
        for (int j = 0; j < k.size(2) && total > 0.0; ++j) {
          for (int d = 0; d < q.size(3); ++d) {
            oa[b][h][i][d] += weight[static_cast<std::size_t>(j)] / total * va[b][h / group][j][d];
          }
        }
      }
    }
  }
  return out;
}

const auto kNoBias = [](int, int, int) { return 0.0; };

struct Case {
  torch::Tensor q = normal_tensor({2, 4, 7, 6}, "q");
  torch::Tensor k = normal_tensor({2, 2, 7, 6}, "k");
  torch::Tensor v = normal_tensor({2, 2, 7, 6}, "v");
};

TEST(Attend, CausalGroupedQueriesEqualThePlainFormula) {
  const Case c;
  const AttentionOptions options{.width = 24, .heads = 4, .kv_heads = 2};
  const AttentionMask mask = attention_mask(options, 7, 0, 7, {}, {}, c.q);
  EXPECT_TRUE(mask.causal);
  EXPECT_FALSE(mask.bias.defined());
  const torch::Tensor plain =
      plain_attention(c.q, c.k, c.v, 0.3, [](int, int i, int j) { return j <= i; }, kNoBias);
  EXPECT_LT(distance(attend(c.q, c.k, c.v, mask, 0.3), plain), 1e-12);
  torch::Tensor weights;
  EXPECT_LT(distance(attend(c.q, c.k, c.v, mask, 0.3, &weights), plain), 1e-12);
  EXPECT_LT(distance(weights.sum(-1), torch::ones({2, 4, 7})), 1e-12);
  EXPECT_EQ(weights[0][0][2][3].item<double>(), 0.0);
}

TEST(Attend, WindowsKeyMasksAndAlibiEqualThePlainFormula) {
  const Case c;
  const torch::Tensor key_mask =
      torch::tensor({1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1}, at::kBool).view({2, 7});
  const auto seen = [&](int b, int j) { return key_mask[b][j].item<bool>(); };
  for (const bool causal : {true, false}) {
    for (const std::int64_t window : {0, 3}) {
      for (const bool alibi : {false, true}) {
        AttentionOptions options{.width = 24, .heads = 4, .causal = causal, .window = window, .alibi = alibi};
        const std::vector<double> slopes = alibi_slopes(4);
        const AttentionMask mask = attention_mask(options, 7, 0, 7, key_mask, {}, c.q);
        const torch::Tensor plain = plain_attention(
            c.q, c.k, c.v, 0.5,
            [&](int b, int i, int j) {
              return seen(b, j) && (!causal || j <= i) && (window == 0 || std::abs(i - j) < window);
            },
            [&](int h, int i, int j) {
              return alibi ? slopes[static_cast<std::size_t>(h)] * std::min(j - i, 0) : 0.0;
            });
        EXPECT_LT(distance(attend(c.q, c.k, c.v, mask, 0.5), plain), 1e-6)
            << "causal " << causal << ", window " << window << ", alibi " << alibi;
        torch::Tensor weights;
        EXPECT_LT(distance(attend(c.q, c.k, c.v, mask, 0.5, &weights), plain), 1e-6);
      }
    }
  }
}

TEST(Attend, AGroupEqualsRepeatedHeadsInForwardAndBackward) {
  Case c;
  for (torch::Tensor* tensor : {&c.q, &c.k, &c.v}) {
    tensor->requires_grad_(true);
  }
  const AttentionMask mask{{}, true};
  const torch::Tensor grouped = attend(c.q, c.k, c.v, mask, 0.3);
  const torch::Tensor repeated =
      attend(c.q, c.k.repeat_interleave(2, 1), c.v.repeat_interleave(2, 1), mask, 0.3);
  EXPECT_LT(distance(grouped, repeated), 1e-13);
  expect_gradients([&] { return attend(c.q, c.k, c.v, mask, 0.3); }, {c.q, c.k, c.v});
}

TEST(Attend, ARowThatSeesNothingIsZeroAndHasNoNanGradient) {
  Case c;
  c.q.requires_grad_(true);
  const torch::Tensor key_mask = torch::zeros({2, 7}, at::kBool);
  const AttentionMask mask = attention_mask({.width = 24, .heads = 4}, 7, 0, 7, key_mask, {}, c.q);
  const torch::Tensor out = attend(c.q, c.k, c.v, mask, 0.3);
  EXPECT_EQ(out.abs().max().item<double>(), 0.0);
  out.sum().backward();
  EXPECT_EQ(c.q.grad().abs().max().item<double>(), 0.0);
}

/// A layer in double with weights of order one.
std::shared_ptr<Attention> layer(const AttentionOptions& options) {
  auto attention = std::make_shared<Attention>(options);
  initialise(*attention, 3, {.deviation = 0.4});
  attention->to(at::kDouble);
  const torch::NoGradGuard no_grad;
  for (torch::Tensor parameter : attention->parameters()) {
    if (parameter.dim() == 1) {
      parameter.copy_(normal_tensor(parameter.sizes(), "bias", 0.3));
    }
  }
  return attention;
}

const AttentionOptions kRotaryLayer{.width = 12,
                                    .heads = 3,
                                    .kv_heads = 1,
                                    .head_width = 4,
                                    .qkv_bias = true,
                                    .output_bias = true,
                                    .rotary = RotaryConfig{}};

TEST(AttentionLayer, GradientsAgreeWithFiniteDifferences) {
  const auto attention = layer(kRotaryLayer);
  const torch::Tensor x = normal_tensor({2, 5, 12}, "x").requires_grad_(true);
  std::vector<torch::Tensor> variables = attention->parameters();
  variables.push_back(x);
  expect_gradients([&] { return attention->forward({.x = x}); }, variables);
}

TEST(AttentionLayer, NeverSeesTheFutureBitForBit) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const auto attention = layer(kRotaryLayer);
    attention->to(type);
    torch::Tensor x = normal_tensor({1, 9, 12}, "x").to(type);
    const torch::Tensor before = attention->forward({.x = x});
    x.slice(1, 6).add_(3.0);
    const torch::Tensor after = attention->forward({.x = x});
    EXPECT_TRUE(torch::equal(before.slice(1, 0, 6), after.slice(1, 0, 6)));
    EXPECT_FALSE(torch::equal(before.slice(1, 6), after.slice(1, 6)));
  }
}

TEST(AttentionLayer, CachedEqualsUncachedInAnyChunksWithAndWithoutGradients) {
  for (const bool alibi : {false, true}) {
    for (const std::int64_t window : {0, 3}) {
      AttentionOptions options = kRotaryLayer;
      options.window = window;
      if (alibi) {
        options.rotary.reset();
        options.alibi = true;
      }
      const auto attention = layer(options);
      const torch::Tensor x = normal_tensor({2, 8, 12}, "x");
      const torch::Tensor whole = attention->forward({.x = x});
      for (const bool gradients : {false, true}) {
        const torch::AutoGradMode mode(gradients);
        const auto state = attention->new_state();
        std::vector<torch::Tensor> parts;
        std::int64_t begin = 0;
        for (const std::int64_t count : {3, 1, 2, 1, 1}) {
          parts.push_back(attention->forward({.x = x.narrow(1, begin, count), .state = state.get()}));
          begin += count;
        }
        EXPECT_EQ(state->length(), 8);
        EXPECT_LT(distance(torch::cat(parts, 1), whole), 1e-6) << "alibi " << alibi << ", window " << window;
      }
    }
  }
}

TEST(AttentionLayer, GradientsFlowThroughTheCache) {
  const auto attention = layer(kRotaryLayer);
  const torch::Tensor x = normal_tensor({1, 4, 12}, "x").requires_grad_(true);
  expect_gradients(
      [&] {
        const auto state = attention->new_state();
        attention->forward({.x = x.narrow(1, 0, 3), .state = state.get()});
        return attention->forward({.x = x.narrow(1, 3, 1), .state = state.get()});
      },
      {x, attention->k_proj->weight});
}

TEST(KvState, TruncatedAndClonedStatesDoNotTouchEachOther) {
  const torch::NoGradGuard no_grad;
  const auto attention = layer(kRotaryLayer);
  const torch::Tensor x = normal_tensor({1, 6, 12}, "x");
  const torch::Tensor whole = attention->forward({.x = x});
  const auto state = attention->new_state();
  attention->forward({.x = x.narrow(1, 0, 4), .state = state.get()});
  const auto branch = state->clone();
  attention->forward({.x = x.narrow(1, 0, 2), .state = state.get()});
  state->truncate(4);
  attention->forward({.x = x.narrow(1, 1, 3), .state = branch.get()});
  for (const auto& one : {state.get(), branch.get()}) {
    one->truncate(4);
    const torch::Tensor rest = attention->forward({.x = x.narrow(1, 4, 2), .state = one});
    EXPECT_LT(distance(rest, whole.narrow(1, 4, 2)), 1e-9);
  }
}

TEST(AttentionLayer, CrossAttentionReadsTheMemoryOnceAndMasksIt) {
  const auto attention =
      layer({.width = 12, .heads = 3, .memory_width = 5, .qkv_bias = true, .causal = false});
  const torch::Tensor x = normal_tensor({2, 4, 12}, "x");
  torch::Tensor memory = normal_tensor({2, 6, 5}, "memory");
  const torch::Tensor mask = torch::tensor({1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 0}, at::kBool).view({2, 6});
  const torch::Tensor whole = attention->forward({.x = x, .key_mask = mask, .memory = memory});
  const auto state = attention->new_state();
  attention->forward({.x = x.narrow(1, 0, 2), .key_mask = mask, .memory = memory, .state = state.get()});
  const torch::Tensor rest =
      attention->forward({.x = x.narrow(1, 2, 2), .key_mask = mask, .state = state.get()});
  EXPECT_LT(distance(rest, whole.narrow(1, 2, 2)), 1e-9);
  memory[0][4].add_(100.0);
  EXPECT_TRUE(torch::equal(attention->forward({.x = x, .key_mask = mask, .memory = memory}), whole));
  EXPECT_THROW(attention->forward({.x = x}), Error);
}

TEST(AttentionLayer, RefusesHeadsThatCannotShare) {
  EXPECT_THROW(Attention({.width = 12, .heads = 4, .kv_heads = 3}), Error);
}

}  // namespace
}  // namespace everform
