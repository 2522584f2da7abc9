// Initialisation, checkpointing and autocast.

#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "everform/workbench/layers/autocast.h"
#include "everform/workbench/layers/checkpoint.h"
#include "everform/workbench/layers/dropout.h"
#include "everform/workbench/layers/init.h"
#include "everform/workbench/layers/mlp.h"
#include "everform/workbench/layers/norms.h"
#include "tests/workbench/layers/gradient_check.h"

namespace everform {
namespace {

using test::distance;
using test::normal_tensor;

TEST(Initialise, DependsOnSeedAndNameAlone) {
  Mlp a({.width = 64, .ff_width = 256, .bias = true});
  Mlp b({.width = 64, .ff_width = 256, .bias = true});
  initialise(a, 1, {.depth = 8});
  initialise(b, 1, {.depth = 8});
  EXPECT_TRUE(torch::equal(a.up_proj->weight, b.up_proj->weight));
  initialise(b, 2, {.depth = 8});
  EXPECT_FALSE(torch::equal(a.up_proj->weight, b.up_proj->weight));
  EXPECT_FALSE(torch::equal(a.up_proj->weight.flatten(), a.down_proj->weight.flatten()));
  EXPECT_NEAR(a.up_proj->weight.std().item<double>(), 0.02, 0.0005);
  EXPECT_NEAR(a.down_proj->weight.std().item<double>(), 0.02 / 4.0, 0.00015);
  EXPECT_EQ(a.up_proj->bias.abs().max().item<double>(), 0.0);
}

TEST(Initialise, GainsAreOnes) {
  auto parent = std::make_shared<torch::nn::Module>();
  auto norm = parent->register_module("input_layernorm",
                                      std::make_shared<Norm>(NormOptions{.width = 4, .bias = true}));
  torch::NoGradGuard no_grad;
  norm->weight.fill_(7.0);
  norm->bias.fill_(7.0);
  initialise(*parent, 1);
  EXPECT_TRUE(torch::equal(norm->weight, torch::ones({4})));
  EXPECT_TRUE(torch::equal(norm->bias, torch::zeros({4})));
}

TEST(Checkpointed, GivesTheSameValueAndGradientsAsRunningPlainly) {
  Mlp mlp({.width = 6, .ff_width = 12, .bias = true});
  initialise(mlp, 1, {.deviation = 0.5});
  const DropoutKey key{.seed = 3, .step = 4};
  const torch::Tensor x0 = normal_tensor({2, 5, 6}, "x").to(at::kFloat);
  const torch::Tensor m0 = normal_tensor({2, 5, 6}, "m").to(at::kFloat);
  int runs = 0;
  const auto body = [&](const std::vector<torch::Tensor>& inputs) {
    ++runs;
    return dropout(mlp.forward(inputs[0]) * inputs[1], 0.3, "dropout.0.mlp", &key);
  };
  const auto gradients = [&](bool checkpoint) {
    mlp.zero_grad();
    const torch::Tensor x = x0.clone().requires_grad_(true);
    const torch::Tensor m = m0.clone().requires_grad_(true);
    const torch::Tensor y = checkpoint ? checkpointed(body, {x, m, torch::Tensor()}) : body({x, m});
    y.square().sum().backward();
    return std::vector<torch::Tensor>{y.detach(), x.grad(), m.grad(), mlp.up_proj->weight.grad().clone(),
                                      mlp.down_proj->bias.grad().clone()};
  };
  const auto plain = gradients(false);
  runs = 0;
  const auto checkpointed_ones = gradients(true);
  EXPECT_EQ(runs, 2);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_TRUE(torch::equal(plain[i], checkpointed_ones[i])) << i;
  }
}

TEST(Checkpointed, ParametersGetGradientsWhereTheInputNeedsNone) {
  Mlp mlp({.width = 3, .ff_width = 4});
  initialise(mlp, 1);
  const torch::Tensor x = normal_tensor({2, 3}, "x").to(at::kFloat);
  checkpointed([&](const std::vector<torch::Tensor>& inputs) { return mlp.forward(inputs[0]); }, {x})
      .sum()
      .backward();
  EXPECT_TRUE(mlp.up_proj->weight.grad().defined());
}

TEST(Autocast, RunsProductsInBf16KeepsGradientsFloatAndEndsWithItsScope) {
  Mlp mlp({.width = 8, .ff_width = 16, .bias = true});
  initialise(mlp, 1, {.deviation = 0.3});
  const torch::Tensor x = normal_tensor({4, 8}, "x").to(at::kFloat);
  const torch::Tensor exact = mlp.forward(x);
  torch::Tensor y;
  {
    const AutocastScope scope(at::kCPU);
    y = mlp.forward(x);
    EXPECT_EQ(y.scalar_type(), at::kBFloat16);
    const AutocastScope off(at::kCPU, false);
    EXPECT_EQ(mlp.forward(x).scalar_type(), at::kFloat);
  }
  EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
  EXPECT_LT(distance(y, exact), 0.05);
  y.sum().backward();
  EXPECT_EQ(mlp.up_proj->weight.grad().scalar_type(), at::kFloat);
}

TEST(Autocast, SeesWeightsThatChangedBetweenScopes) {
  Mlp mlp({.width = 8, .ff_width = 16});
  initialise(mlp, 1, {.deviation = 0.3});
  const torch::Tensor x = normal_tensor({4, 8}, "x").to(at::kFloat);
  const auto run = [&] {
    const AutocastScope scope(at::kCPU);
    return mlp.forward(x).detach().clone();
  };
  const torch::Tensor before = run();
  {
    const torch::NoGradGuard no_grad;
    mlp.down_proj->weight.mul_(2.0);
  }
  EXPECT_LT(distance(run(), before * 2.0), 0.02);
}

}  // namespace
}  // namespace everform
