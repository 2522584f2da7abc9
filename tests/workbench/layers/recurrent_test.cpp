// Linear attention, retention and the LSTM.

#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/base/error.h"
#include "everform/workbench/layers/init.h"
#include "everform/workbench/layers/linear_attention.h"
#include "everform/workbench/layers/lstm.h"
#include "tests/workbench/layers/gradient_check.h"

namespace everform {
namespace {

using test::distance;
using test::expect_gradients;
using test::normal_tensor;
using Kind = LinearAttentionOptions::Kind;

std::shared_ptr<LinearAttention> layer(Kind kind, std::int64_t chunk) {
  auto mixer = std::make_shared<LinearAttention>(LinearAttentionOptions{
      .kind = kind, .width = 8, .heads = 2, .qkv_bias = true, .output_bias = true, .chunk = chunk});
  initialise(*mixer, 3, {.deviation = 0.5});
  mixer->to(at::kDouble);
  return mixer;
}

/// Token by token, from the recurrence in the layer's comment.
torch::Tensor plain(const LinearAttention& mixer, Kind kind, const torch::Tensor& x) {
  const std::int64_t tokens = x.size(1);
  const auto heads = [&](const torch::Tensor& y) {
    return y.view({x.size(0), tokens, 2, 4}).transpose(1, 2);
  };
  torch::Tensor q = heads(mixer.q_proj->forward(x));
  torch::Tensor k = heads(mixer.k_proj->forward(x));
  const torch::Tensor v = heads(mixer.v_proj->forward(x));
  if (kind == Kind::kRetention) {
    const RotaryPositions rotary({}, 4);
    q = rotary.apply(q, torch::arange(tokens, at::kLong));
    k = rotary.apply(k, torch::arange(tokens, at::kLong)) / 2.0;
  } else {
    q = torch::elu(q) + 1.0;
    k = torch::elu(k) + 1.0;
  }
  const torch::Tensor decay =
      kind == Kind::kRetention ? torch::tensor({1.0 - 1.0 / 32, 1.0 - 1.0 / 64}, at::kDouble).view({2, 1, 1})
                               : torch::ones({2, 1, 1}, at::kDouble);
  torch::Tensor sum = torch::zeros({x.size(0), 2, 4, 4}, at::kDouble);
  torch::Tensor normaliser = torch::zeros({x.size(0), 2, 4}, at::kDouble);
  std::vector<torch::Tensor> out;
  for (std::int64_t n = 0; n < tokens; ++n) {
    sum = decay * sum + k.select(2, n).unsqueeze(-1) * v.select(2, n).unsqueeze(-2);
    normaliser = normaliser + k.select(2, n);
    torch::Tensor o = torch::matmul(q.select(2, n).unsqueeze(-2), sum).squeeze(-2);
    if (kind == Kind::kLinear) {
      o = o / ((q.select(2, n) * normaliser).sum(-1, true) + 1e-6);
    }
    out.push_back(o);
  }
  torch::Tensor mixed = torch::stack(out, 2);
  if (kind == Kind::kLinear) {
    return mixer.o_proj->forward(mixed.transpose(1, 2).flatten(2));
  }
  mixed = at::layer_norm(mixed, {4}).transpose(1, 2).flatten(2);
  return mixer.o_proj->forward(torch::silu(mixer.g_proj->forward(x)) * mixed);
}

class LinearAttentionKinds : public testing::TestWithParam<Kind> {};
INSTANTIATE_TEST_SUITE_P(Both, LinearAttentionKinds, testing::Values(Kind::kLinear, Kind::kRetention));

TEST_P(LinearAttentionKinds, EqualsTheRecurrenceInChunksOfAnyLengthAndThroughTheState) {
  const torch::Tensor x = normal_tensor({2, 11, 8}, "x");
  const torch::Tensor expected = plain(*layer(GetParam(), 64), GetParam(), x);
  for (const std::int64_t chunk : {1, 4, 64}) {
    const auto mixer = layer(GetParam(), chunk);
    EXPECT_LT(distance(mixer->forward({.x = x}), expected), 1e-9) << "chunk " << chunk;
    const auto state = mixer->new_state();
    const torch::Tensor first = mixer->forward({.x = x.narrow(1, 0, 5), .state = state.get()});
    const auto branch = state->clone();
    const torch::Tensor rest = mixer->forward({.x = x.narrow(1, 5, 6), .state = state.get()});
    EXPECT_LT(distance(torch::cat({first, rest}, 1), expected), 1e-9);
    EXPECT_EQ(state->length(), 11);
    EXPECT_LT(distance(mixer->forward({.x = x.narrow(1, 5, 6), .state = branch.get()}), rest), 1e-12);
    EXPECT_THROW(state->truncate(3), Error);
    state->truncate(0);
    EXPECT_LT(distance(mixer->forward({.x = x.narrow(1, 0, 5), .state = state.get()}), first), 1e-12);
  }
}

TEST_P(LinearAttentionKinds, GradientsAgreeWithFiniteDifferences) {
  const auto mixer = layer(GetParam(), 3);
  const torch::Tensor x = normal_tensor({2, 5, 8}, "x").requires_grad_(true);
  std::vector<torch::Tensor> variables = mixer->parameters();
  variables.push_back(x);
  expect_gradients([&] { return mixer->forward({.x = x}); }, variables, 1e-5);
}

TEST_P(LinearAttentionKinds, NeverSeesTheFutureBitForBit) {
  const auto mixer = layer(GetParam(), 4);
  mixer->to(at::kFloat);
  torch::Tensor x = normal_tensor({1, 10, 8}, "x").to(at::kFloat);
  const torch::Tensor before = mixer->forward({.x = x});
  x.slice(1, 6).add_(3.0);
  const torch::Tensor after = mixer->forward({.x = x});
  EXPECT_TRUE(torch::equal(before.slice(1, 0, 6), after.slice(1, 0, 6)));
  EXPECT_FALSE(torch::equal(before.slice(1, 6), after.slice(1, 6)));
}

TEST_P(LinearAttentionKinds, AHiddenKeyLeavesNoTrace) {
  const auto mixer = layer(GetParam(), 4);
  torch::Tensor x = normal_tensor({1, 6, 8}, "x");
  const torch::Tensor mask = torch::tensor({1, 1, 0, 1, 1, 1}, at::kBool).unsqueeze(0);
  const torch::Tensor before = mixer->forward({.x = x, .key_mask = mask});
  x[0][2].add_(5.0);
  const torch::Tensor after = mixer->forward({.x = x, .key_mask = mask});
  EXPECT_TRUE(torch::equal(before.slice(1, 3), after.slice(1, 3)));
  EXPECT_THROW(mixer->forward({.x = x, .mask = torch::zeros({6, 6})}), Error);
}

TEST(LstmLayer, EqualsTheGateFormulas) {
  Lstm lstm(5);
  initialise(lstm, 2);
  lstm.to(at::kDouble);
  {
    const torch::NoGradGuard no_grad;
    lstm.bias.copy_(normal_tensor({20}, "bias"));
  }
  const torch::Tensor x = normal_tensor({3, 6, 5}, "x");
  torch::Tensor hidden = torch::zeros({3, 5}, at::kDouble);
  torch::Tensor cell = torch::zeros({3, 5}, at::kDouble);
  std::vector<torch::Tensor> steps;
  for (std::int64_t t = 0; t < 6; ++t) {
    const auto gates =
        (at::linear(x.select(1, t), lstm.weight_ih) + at::linear(hidden, lstm.weight_hh) + lstm.bias)
            .chunk(4, -1);
    cell = gates[1].sigmoid() * cell + gates[0].sigmoid() * gates[2].tanh();
    hidden = gates[3].sigmoid() * cell.tanh();
    steps.push_back(hidden);
  }
  const torch::Tensor expected = torch::stack(steps, 1);
  EXPECT_LT(distance(lstm.forward({.x = x}), expected), 1e-12);
  const auto state = lstm.new_state();
  const torch::Tensor first = lstm.forward({.x = x.narrow(1, 0, 2), .state = state.get()});
  const torch::Tensor rest = lstm.forward({.x = x.narrow(1, 2, 4), .state = state.get()});
  EXPECT_LT(distance(torch::cat({first, rest}, 1), expected), 1e-12);
  EXPECT_THROW(state->truncate(1), Error);
  EXPECT_THROW(lstm.forward({.x = x, .key_mask = torch::ones({3, 6}, at::kBool)}), Error);
}

TEST(LstmLayer, GradientsAgreeWithFiniteDifferencesAlsoThroughItsState) {
  Lstm lstm(4);
  initialise(lstm, 2);
  lstm.to(at::kDouble);
  const torch::Tensor x = normal_tensor({2, 4, 4}, "x").requires_grad_(true);
  expect_gradients(
      [&] {
        const auto state = lstm.new_state();
        lstm.forward({.x = x.narrow(1, 0, 2), .state = state.get()});
        return lstm.forward({.x = x.narrow(1, 2, 2), .state = state.get()});
      },
      {x, lstm.weight_ih, lstm.weight_hh, lstm.bias});
}

}  // namespace
}  // namespace everform
