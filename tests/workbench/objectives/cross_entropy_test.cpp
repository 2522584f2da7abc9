#include "everform/workbench/objectives/cross_entropy.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include "everform/core/base/random.h"
#include "everform/workbench/layers/autocast.h"

namespace everform {
namespace {

constexpr std::int64_t kRows = 23;
constexpr std::int64_t kWidth = 12;
constexpr std::int64_t kVocabulary = 37;

torch::Tensor normal(const char* purpose, std::vector<std::int64_t> shape) {
  torch::Tensor tensor = torch::zeros(shape);
  RandomStream(9, purpose).fill_normal({tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())});
  return tensor;
}

struct Inputs {
  torch::Tensor hidden = normal("hidden", {kRows, kWidth}).requires_grad_();
  torch::Tensor weight = normal("weight", {kVocabulary, kWidth}).requires_grad_();
  torch::Tensor bias = normal("bias", {kVocabulary}).requires_grad_();
  torch::Tensor targets = torch::arange(kRows) * 5 % kVocabulary;
  torch::Tensor mask = (torch::arange(kRows) % 4).ne(1).to(at::kByte);
};

/// The definition, in float64.
torch::Tensor reference(const Inputs& in, bool with_bias, bool with_mask) {
  torch::Tensor logits = in.hidden.to(at::kDouble).matmul(in.weight.to(at::kDouble).t());
  if (with_bias) {
    logits = logits + in.bias.to(at::kDouble);
  }
  torch::Tensor losses = -torch::log_softmax(logits, -1).gather(1, in.targets.unsqueeze(1)).squeeze(1);
  return (with_mask ? losses * in.mask : losses).sum();
}

TEST(CrossEntropyTest, SumAndGradientsEqualTheDefinitionForEveryChunk) {
  for (const bool with_bias : {false, true}) {
    for (const bool with_mask : {false, true}) {
      Inputs plain;
      const torch::Tensor wanted = reference(plain, with_bias, with_mask);
      (wanted * 0.7).backward();
      for (const std::int64_t chunk : {0, 1, 5, 23, 100}) {
        Inputs in;
        const torch::Tensor sum =
            cross_entropy(in.hidden, in.weight, with_bias ? in.bias : torch::Tensor(), in.targets,
                          with_mask ? in.mask : torch::Tensor(), {.chunk = chunk})
                .sum;
        EXPECT_NEAR(sum.item<double>(), wanted.item<double>(), 2e-5);
        (sum * 0.7).backward();
        EXPECT_TRUE(torch::allclose(in.hidden.grad(), plain.hidden.grad(), 1e-5, 1e-6));
        EXPECT_TRUE(torch::allclose(in.weight.grad(), plain.weight.grad(), 1e-5, 1e-5));
        EXPECT_EQ(in.bias.grad().defined(), with_bias);
        if (with_bias) {
          EXPECT_TRUE(torch::allclose(in.bias.grad(), plain.bias.grad(), 1e-5, 1e-6));
        }
      }
    }
  }
}

TEST(CrossEntropyTest, MaskedTargetsMayBeAnything) {
  Inputs in;
  torch::Tensor targets = in.targets.clone();
  targets.masked_fill_(in.mask.eq(0), -100);
  const CrossEntropyOptions options{.chunk = 6, .count_correct = true};
  const auto a = cross_entropy(in.hidden, in.weight, {}, in.targets, in.mask, options);
  const auto b = cross_entropy(in.hidden, in.weight, {}, targets, in.mask, options);
  const auto c = cross_entropy_of_logits(in.hidden.matmul(in.weight.t()), targets, in.mask, options);
  EXPECT_EQ(a.sum.item<float>(), b.sum.item<float>());
  EXPECT_NEAR(a.sum.item<float>(), c.sum.item<float>(), 2e-5);
  const torch::Tensor right = in.hidden.matmul(in.weight.t()).argmax(1).eq(in.targets) * in.mask;
  for (const auto& sums : {a, b, c}) {
    EXPECT_EQ(sums.correct.item<float>(), right.sum().item<float>());
    EXPECT_FALSE(sums.correct.requires_grad());
  }
}

TEST(CrossEntropyTest, FrozenPartsGetNoGradientAndNothingIsKeptWithoutOne) {
  Inputs in;
  const torch::Tensor frozen = in.weight.detach();
  cross_entropy(in.hidden, frozen, {}, in.targets).sum.backward();
  EXPECT_TRUE(in.hidden.grad().defined());
  Inputs other;
  cross_entropy(other.hidden.detach(), other.weight, {}, other.targets).sum.backward();
  EXPECT_TRUE(torch::allclose(
      other.weight.grad(),
      [] {
        Inputs plain;
        reference(plain, false, false).backward();
        return plain.weight.grad();
      }(),
      1e-5, 1e-5));
  const torch::NoGradGuard no_grad;
  EXPECT_FALSE(cross_entropy(in.hidden, in.weight, {}, in.targets).sum.requires_grad());
}

TEST(CrossEntropyTest, HugeLogitsStayFinite) {
  Inputs in;
  const torch::NoGradGuard no_grad;
  const torch::Tensor sum = cross_entropy(in.hidden * 1e4, in.weight, {}, in.targets).sum;
  EXPECT_TRUE(std::isfinite(sum.item<float>()));
}

TEST(CrossEntropyTest, AutocastComputesProductsInBf16AndGradientsInFloat) {
  Inputs plain;
  reference(plain, false, false).backward();
  Inputs in;
  torch::Tensor sum;
  {
    const AutocastScope autocast(at::kCPU);
    sum = cross_entropy(in.hidden, in.weight, {}, in.targets, {}, {.chunk = 4}).sum;
  }
  EXPECT_EQ(sum.scalar_type(), at::kFloat);
  sum.backward();
  EXPECT_EQ(in.weight.grad().scalar_type(), at::kFloat);
  EXPECT_EQ(in.hidden.grad().scalar_type(), at::kFloat);
  EXPECT_FALSE(torch::equal(in.weight.grad(), plain.weight.grad()));
  const double error =
      ((in.weight.grad() - plain.weight.grad()).norm() / plain.weight.grad().norm()).item<double>();
  EXPECT_LT(error, 0.02);
}

}  // namespace
}  // namespace everform
