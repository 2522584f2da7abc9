// Norms, MLP, linear map, embedding and dropout.

#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/base/error.h"
#include "everform/workbench/layers/dropout.h"
#include "everform/workbench/layers/init.h"
#include "everform/workbench/layers/linear.h"
#include "everform/workbench/layers/mlp.h"
#include "everform/workbench/layers/norms.h"
#include "tests/workbench/layers/gradient_check.h"

namespace everform {
namespace {

using test::distance;
using test::expect_gradients;
using test::normal_tensor;

TEST(Norms, EqualTheirFormulas) {
  const torch::Tensor x = normal_tensor({3, 10}, "x") * 4.0 + 2.0;
  Norm layer({.width = 10, .epsilon = 1e-3, .bias = true});
  Norm rms({.width = 10, .kind = NormKind::kRmsNorm, .epsilon = 1e-3});
  EXPECT_FALSE(rms.bias.defined());
  layer.to(at::kDouble);
  rms.to(at::kDouble);
  {
    const torch::NoGradGuard no_grad;
    layer.weight.copy_(normal_tensor({10}, "gain"));
    layer.bias.copy_(normal_tensor({10}, "bias"));
    rms.weight.copy_(normal_tensor({10}, "gain"));
  }
  const torch::Tensor centred = x - x.mean(-1, true);
  const torch::Tensor variance = centred.square().mean(-1, true);
  EXPECT_LT(distance(layer.forward(x), centred / (variance + 1e-3).sqrt() * layer.weight + layer.bias),
            1e-12);
  EXPECT_LT(distance(rms.forward(x), x / (x.square().mean(-1, true) + 1e-3).sqrt() * rms.weight), 1e-12);
}

TEST(Norms, GradientsAgreeWithFiniteDifferences) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const bool bias : {false, true}) {
      Norm norm({.width = 6, .kind = kind, .bias = bias});
      norm.to(at::kDouble);
      const torch::Tensor x = normal_tensor({2, 3, 6}, "x").requires_grad_(true);
      std::vector<torch::Tensor> variables = norm.parameters();
      variables.push_back(x);
      expect_gradients([&] { return norm.forward(x); }, variables);
    }
  }
}

TEST(Norms, StatisticsOfHalfPrecisionInputsAreFloat) {
  Norm norm({.width = 512});
  const torch::Tensor x = (normal_tensor({4, 512}, "x") + 100.0).to(at::kBFloat16);
  const torch::Tensor y = norm.forward(x);
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_LT(distance(y, norm.forward(x.to(at::kFloat))), 0.02);
}

double scalar(Activation activation, double x) {
  switch (activation) {
    case Activation::kGelu:
      return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0)));
    case Activation::kGeluTanh:
      return 0.5 * x * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kSilu:
      break;
  }
  return x / (1.0 + std::exp(-x));
}

TEST(MlpLayer, EqualsTheFormulaForEveryActivation) {
  for (const Activation activation :
       {Activation::kGelu, Activation::kGeluTanh, Activation::kRelu, Activation::kSilu}) {
    for (const bool gated : {false, true}) {
      Mlp mlp({.width = 5, .ff_width = 7, .activation = activation, .gated = gated, .bias = true});
      EXPECT_EQ(mlp.gate_proj != nullptr, gated);
      initialise(mlp, 1, {.deviation = 0.7});
      mlp.to(at::kDouble);
      {
        const torch::NoGradGuard no_grad;
        mlp.up_proj->bias.copy_(normal_tensor({7}, "bias"));
      }
      const torch::Tensor x = normal_tensor({4, 5}, "x");
      torch::Tensor hidden = gated ? mlp.gate_proj->forward(x) : mlp.up_proj->forward(x);
      hidden = hidden.detach().clone();
      for (std::int64_t i = 0; i < hidden.numel(); ++i) {
        double& value = hidden.data_ptr<double>()[i];
        value = scalar(activation, value);
      }
      const torch::Tensor inner = gated ? hidden * mlp.up_proj->forward(x) : hidden;
      EXPECT_LT(distance(mlp.forward(x), mlp.down_proj->forward(inner)), 1e-12);
      std::vector<torch::Tensor> variables = mlp.parameters();
      const torch::Tensor variable = normal_tensor({4, 5}, "x").requires_grad_(true);
      variables.push_back(variable);
      expect_gradients([&] { return mlp.forward(variable); }, variables, 1e-5);
    }
  }
}

TEST(LinearMap, AddsAnAdaptersPart) {
  struct Double : LinearAddition {
    torch::Tensor forward(const torch::Tensor& x) const override { return 2.0 * x; }
  };
  Linear linear(3, 3, true);
  initialise(linear, 1);
  const torch::Tensor x = normal_tensor({2, 3}, "x").to(at::kFloat);
  const torch::Tensor own = linear.forward(x);
  linear.set_addition(std::make_shared<Double>());
  EXPECT_LT(distance(linear.forward(x), own + 2.0 * x), 1e-6);
  linear.set_addition(nullptr);
  EXPECT_TRUE(torch::equal(linear.forward(x), own));
}

TEST(EmbeddingTable, RefusesIndicesOutsideIt) {
  Embedding table(4, 2);
  EXPECT_EQ(table.forward(torch::tensor({3, 0}, at::kLong)).size(0), 2);
  EXPECT_THROW(table.forward(torch::tensor({4}, at::kLong)), Error);
  EXPECT_THROW(table.forward(torch::tensor({-1}, at::kLong)), Error);
}

TEST(Dropout, IsKeyedByItemNotByBatch) {
  const torch::Tensor x = torch::ones({6, 50, 8});
  const DropoutKey whole{.seed = 5, .step = 9, .first_item = 0};
  const DropoutKey second{.seed = 5, .step = 9, .first_item = 3};
  const torch::Tensor all = dropout(x, 0.25, "dropout.0.mlp", &whole);
  EXPECT_TRUE(torch::equal(all.narrow(0, 3, 3), dropout(x.narrow(0, 3, 3), 0.25, "dropout.0.mlp", &second)));
  EXPECT_FALSE(torch::equal(all, dropout(x, 0.25, "dropout.1.mlp", &whole)));
  EXPECT_FALSE(torch::equal(all[0], all[1]));
  const double kept = (all > 0).to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(kept, 0.75, 0.04);
  EXPECT_FLOAT_EQ(all.max().item<float>(), 1.0F / 0.75F);
  EXPECT_TRUE(torch::equal(dropout(x, 0.25, "dropout.0.mlp", nullptr), x));
  EXPECT_THROW(dropout(x, 1.0, "dropout.0.mlp", &whole), Error);
}

}  // namespace
}  // namespace everform
