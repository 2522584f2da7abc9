#include "everform/workbench/training/optimizer.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

#include <cmath>

#include "everform/core/base/random.h"
#include "everform/workbench/training/ema.h"
#include "everform/workbench/training/schedule.h"

namespace everform {
namespace {

torch::Tensor normal(const char* purpose, std::uint64_t step, std::vector<std::int64_t> shape) {
  torch::Tensor tensor = torch::zeros(shape);
  RandomStream(5, purpose, step)
      .fill_normal({tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())});
  return tensor;
}

/// The update rules written out for one number, in float64.
struct Reference {
  OptimizerOptions options;
  double weight = 0;
  double first = 0;
  double second = 0;
  int step = 0;

  void update(double gradient, double rate, double decay) {
    ++step;
    if (options.kind == OptimizerKind::kSgd) {
      gradient += decay * weight;
      first = options.momentum * first + gradient;
      weight -= rate * (options.momentum > 0 ? first : gradient);
      return;
    }
    if (options.kind == OptimizerKind::kAdamW) {
      weight -= rate * decay * weight;
    } else {
      gradient += decay * weight;
    }
    first = options.beta1 * first + (1 - options.beta1) * gradient;
    second = options.beta2 * second + (1 - options.beta2) * gradient * gradient;
    const double mean = first / (1 - std::pow(options.beta1, step));
    const double square = second / (1 - std::pow(options.beta2, step));
    weight -= rate * mean / (std::sqrt(square) + options.epsilon);
  }
};

class UpdateRuleTest : public testing::TestWithParam<OptimizerOptions> {};

TEST_P(UpdateRuleTest, EqualsTheFormula) {
  const OptimizerOptions options = GetParam();
  torch::Tensor matrix = normal("matrix", 0, {3, 5}).requires_grad_();
  torch::Tensor vector = normal("vector", 0, {4}).requires_grad_();
  torch::Tensor slow = normal("slow", 0, {2}).requires_grad_();
  std::vector<Reference> references;
  for (const torch::Tensor& parameter : {matrix, vector, slow}) {
    for (std::int64_t i = 0; i < parameter.numel(); ++i) {
      references.push_back({.options = options, .weight = parameter.flatten()[i].item<double>()});
    }
  }
  Phase phase;
  phase.parameters = {matrix, vector};
  phase.groups = {{.parameters = {slow}, .learning_rate_scale = 0.1, .weight_decay_scale = 2.0}};
  Optimizer optimizer(parameter_groups(phase), options);
  constexpr double kDivisor = 4.0;
  for (std::uint64_t step = 0; step < 30; ++step) {
    const double rate = 0.05 / (1.0 + static_cast<double>(step));
    std::size_t next = 0;
    for (torch::Tensor parameter : {matrix, vector, slow}) {
      const bool decays = parameter.dim() >= 2;
      const bool is_slow = parameter.is_same(slow);
      parameter.mutable_grad() = normal("gradient", step * 3 + static_cast<std::uint64_t>(parameter.numel()),
                                        parameter.sizes().vec());
      for (std::int64_t i = 0; i < parameter.numel(); ++i) {
        references[next++].update(parameter.grad().flatten()[i].item<double>() / kDivisor,
                                  rate * (is_slow ? 0.1 : 1.0),
                                  options.weight_decay * (is_slow  ? 2.0
                                                          : decays ? 1.0
                                                                   : 0.0));
      }
    }
    optimizer.step(rate, torch::tensor(static_cast<float>(kDivisor)));
    optimizer.clear_gradients();
  }
  EXPECT_EQ(optimizer.state().step, 30);
  std::size_t next = 0;
  for (const torch::Tensor& parameter : {matrix, vector, slow}) {
    for (std::int64_t i = 0; i < parameter.numel(); ++i) {
      EXPECT_NEAR(parameter.flatten()[i].item<double>(), references[next++].weight, 2e-6);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rules, UpdateRuleTest,
    testing::Values(OptimizerOptions{.kind = OptimizerKind::kAdamW, .weight_decay = 0.1, .beta2 = 0.95},
                    OptimizerOptions{.kind = OptimizerKind::kAdam, .weight_decay = 0.1},
                    OptimizerOptions{.kind = OptimizerKind::kSgd, .weight_decay = 0.1},
                    OptimizerOptions{.kind = OptimizerKind::kSgd, .weight_decay = 0.01, .momentum = 0.9}));

TEST(OptimizerTest, LeavesWhatHasNoGradientAlone) {
  torch::Tensor used = torch::ones({2, 2}).requires_grad_();
  torch::Tensor unused = torch::ones({2, 2}).requires_grad_();
  Optimizer optimizer({{.parameters = {used, unused}}}, {.weight_decay = 0.5});
  used.mutable_grad() = torch::ones({2, 2});
  EXPECT_EQ(optimizer.gradients().size(), 1U);
  optimizer.step(0.1, torch::tensor(1.0F));
  EXPECT_TRUE(torch::equal(unused, torch::ones({2, 2})));
  EXPECT_FALSE(torch::equal(used, torch::ones({2, 2})));
}

TEST(OptimizerTest, GroupsLeaveFrozenParametersOut) {
  torch::Tensor frozen = torch::ones({2, 2});
  torch::Tensor matrix = torch::ones({2, 2}).requires_grad_();
  Phase phase;
  phase.parameters = {frozen, matrix};
  phase.groups = {{.parameters = {frozen}}};
  EXPECT_EQ(Optimizer(parameter_groups(phase), {}).parameters().size(), 1U);
}

TEST(GradientNormTest, IsTheNormOfAllTogether) {
  EXPECT_DOUBLE_EQ(gradient_norm({}).item<double>(), 0.0);
  EXPECT_NEAR(gradient_norm({torch::full({3}, 2.0), torch::full({2, 2}, 1.0)}).item<double>(), 4.0, 1e-6);
}

TEST(EmaTest, FollowsTheFormulaAndSwapsIn) {
  torch::Tensor weight = torch::full({2}, 1.0, at::kFloat).requires_grad_();
  Ema ema({weight}, 0.5);
  double average = 1.0;
  for (int step = 0; step < 6; ++step) {
    const double value = 2.0 + step;
    {
      const torch::NoGradGuard no_grad;
      weight.fill_(value);
    }
    ema.update(step);
    const double decay = std::min(0.5, (1.0 + step) / (10.0 + step));
    average = decay * average + (1.0 - decay) * value;
  }
  EXPECT_NEAR(ema.averages()[0][0].item<double>(), average, 1e-5);
  {
    const Ema::Scope scope(&ema);
    EXPECT_NEAR(weight[1].item<double>(), average, 1e-5);
  }
  EXPECT_DOUBLE_EQ(weight[1].item<double>(), 7.0);
  const Ema::Scope nothing(nullptr);
}

TEST(ScheduleTest, WarmsUpHoldsAndDecays) {
  Schedule schedule{.kind = ScheduleKind::kLinear,
                    .peak = 2.0,
                    .steps = 100,
                    .warmup = 10,
                    .decay_share = 0.4,
                    .final_share = 0.1};
  EXPECT_DOUBLE_EQ(schedule.rate(0), 0.2);
  EXPECT_DOUBLE_EQ(schedule.rate(9), 2.0);
  EXPECT_DOUBLE_EQ(schedule.rate(59), 2.0);
  EXPECT_DOUBLE_EQ(schedule.rate(60), 2.0);
  EXPECT_DOUBLE_EQ(schedule.rate(80), 2.0 * (1.0 - 0.9 * 0.5));
  EXPECT_NEAR(schedule.rate(99), 2.0 * (1.0 - 0.9 * 39.0 / 40.0), 1e-12);
  schedule.kind = ScheduleKind::kCosine;
  EXPECT_DOUBLE_EQ(schedule.rate(60), 2.0);
  EXPECT_NEAR(schedule.rate(80), 2.0 * 0.55, 1e-12);
  EXPECT_GT(schedule.rate(70), 2.0 * (1.0 - 0.9 * 0.25)) << "cosine begins slowly";
  schedule.kind = ScheduleKind::kConstant;
  EXPECT_DOUBLE_EQ(schedule.rate(99), 2.0);
}

TEST(ScheduleTest, TheDecayNeverBeginsBeforeTheWarmUpEnds) {
  const Schedule schedule{
      .kind = ScheduleKind::kLinear, .peak = 1.0, .steps = 10, .warmup = 4, .decay_share = 1.0};
  for (std::int64_t step = 0; step < 4; ++step) {
    EXPECT_DOUBLE_EQ(schedule.rate(step), static_cast<double>(step + 1) / 4.0);
  }
  EXPECT_DOUBLE_EQ(schedule.rate(4), 1.0);
  EXPECT_DOUBLE_EQ(schedule.rate(7), 0.5);
  // Warm-ups longer than the training, and rates after its end.
  EXPECT_DOUBLE_EQ((Schedule{.kind = ScheduleKind::kCosine, .peak = 1.0, .steps = 5, .warmup = 10}.rate(4)),
                   0.5);
  EXPECT_DOUBLE_EQ(schedule.rate(50), 0.0);
}

}  // namespace
}  // namespace everform
