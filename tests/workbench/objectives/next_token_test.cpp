#include "everform/workbench/objectives/next_token.h"

#include <gtest/gtest.h>
#include <torch/utils.h>

namespace everform {
namespace {

TransformerConfig small(bool tied) {
  TransformerConfig config;
  config.vocabulary = 19;
  config.width = 16;
  config.depth = 2;
  config.heads = 2;
  config.kv_heads = 2;
  config.head_width = 8;
  config.ff_width = 32;
  config.context = 12;
  config.tied = tied;
  return config;
}

Batch example(bool with_mask) {
  Batch batch;
  batch.arrays["tokens"] = (torch::arange(24) * 7 % 19).view({3, 8});
  batch.arrays["targets"] = (torch::arange(24) * 5 % 19).view({3, 8});
  if (with_mask) {
    batch.arrays["mask"] = (torch::arange(24) % 3).ne(0).to(at::kByte).view({3, 8});
  }
  return batch;
}

TEST(NextTokenTest, EqualsCrossEntropyOfTheLogits) {
  for (const bool tied : {false, true}) {
    for (const bool with_mask : {false, true}) {
      const auto model = std::make_shared<Transformer>(small(tied));
      initialise(*model, 3);
      NextToken objective(model, {.cross_entropy = {.chunk = 5, .count_correct = true}});
      const Batch batch = example(with_mask);
      const Loss loss = objective.phases().at(0).loss(batch, {});
      const torch::Tensor logits = model->logits(model->forward({.tokens = batch.at("tokens")}));
      torch::Tensor losses =
          -torch::log_softmax(logits, -1).gather(-1, batch.at("targets").unsqueeze(-1)).squeeze(-1);
      losses = with_mask ? losses * batch.at("mask") : losses;
      EXPECT_NEAR(loss.sum.item<double>(), losses.sum().item<double>(), 1e-4);
      EXPECT_DOUBLE_EQ(loss.targets, with_mask ? 16.0 : 24.0);
      EXPECT_TRUE(loss.figures.contains("accuracy"));

      loss.sum.backward();
      std::vector<torch::Tensor> gradients;
      for (const torch::Tensor& parameter : model->parameters()) {
        gradients.push_back(parameter.grad().clone());
        parameter.mutable_grad().reset();
      }
      losses.sum().backward();
      std::size_t next = 0;
      for (const torch::Tensor& parameter : model->parameters()) {
        EXPECT_TRUE(torch::allclose(parameter.grad(), gradients[next++], 1e-4, 1e-5));
      }
    }
  }
}

/// Adds x times a constant, as an adapter would.
class Twice final : public LinearAddition {
 public:
  explicit Twice(torch::Tensor weight) : weight_(std::move(weight)) {}
  torch::Tensor forward(const torch::Tensor& x) const override { return torch::linear(x, weight_); }

 private:
  torch::Tensor weight_;
};

TEST(NextTokenTest, SeesAnAdapterOnTheHead) {
  const auto model = std::make_shared<Transformer>(small(false));
  initialise(*model, 3);
  NextToken objective(model);
  const double before = objective.loss(example(false), {}).sum.item<double>();
  model->lm_head->set_addition(std::make_shared<Twice>(model->lm_head->weight.detach() * 20.0));
  const double with = objective.loss(example(false), {}).sum.item<double>();
  EXPECT_GT(std::abs(with - before), 0.1);
  model->lm_head->set_addition(nullptr);
  {
    const torch::NoGradGuard no_grad;
    model->lm_head->weight.mul_(21.0);
  }
  EXPECT_NEAR(objective.loss(example(false), {}).sum.item<double>(), with, 1e-3);
}

TEST(NextTokenTest, TrainsWhatItIsToldTo) {
  const auto model = std::make_shared<Transformer>(small(false));
  initialise(*model, 3);
  EXPECT_EQ(NextToken(model).phases().at(0).parameters.size(), model->parameters().size());
  NextToken head(model, {.parameters = {model->lm_head->weight}});
  EXPECT_EQ(head.phases().at(0).parameters.size(), 1U);
}

TEST(NextTokenTest, PreparesItsInput) {
  const auto model = std::make_shared<Transformer>(small(false));
  initialise(*model, 3);
  NextToken shifted(model, {.prepare = [](TransformerInput& input, const Batch&, const StepContext& context) {
                      input.tokens = (input.tokens + context.step) % 19;
                    }});
  const double zero = shifted.loss(example(false), {.step = 0}).sum.item<double>();
  const double one = shifted.loss(example(false), {.step = 1}).sum.item<double>();
  EXPECT_NE(zero, one);
  EXPECT_DOUBLE_EQ(zero, NextToken(model).loss(example(false), {.step = 0}).sum.item<double>());
}

TEST(NextTokenTest, DropoutFollowsItemsNotBatches) {
  const auto model = std::make_shared<Transformer>(small(false), TransformerOptions{.dropout = 0.3});
  initialise(*model, 3);
  NextToken objective(model);
  const Batch whole = example(false);
  const StepContext training{.seed = 5, .step = 2};
  double parts = 0;
  for (std::int64_t item = 0; item < 3; ++item) {
    Batch one;
    for (const auto& [name, array] : whole.arrays) {
      one.arrays[name] = array.narrow(0, item, 1);
    }
    parts += objective.loss(one, {.seed = 5, .step = 2, .first_item = item}).sum.item<double>();
  }
  EXPECT_NEAR(objective.loss(whole, training).sum.item<double>(), parts, 1e-4);
  const double evaluated =
      objective.loss(whole, {.seed = 5, .step = 2, .training = false}).sum.item<double>();
  EXPECT_GT(std::abs(evaluated - parts), 1e-3);
}

}  // namespace
}  // namespace everform
