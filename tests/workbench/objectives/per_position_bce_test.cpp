#include "everform/workbench/objectives/per_position_bce.h"

#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/base/error.h"

namespace everform {
namespace {

std::shared_ptr<Transformer> small_network(double dropout = 0.0) {
  TransformerConfig config{.width = 16,
                           .depth = 2,
                           .heads = 2,
                           .ff_width = 32,
                           .context = 12,
                           .norm = NormKind::kLayerNorm,
                           .norm_bias = true,
                           .positions = PositionKind::kLearned,
                           .gated_mlp = false,
                           .mlp_bias = true};
  auto network = std::make_shared<Transformer>(
      config, TransformerOptions{.width_in = 3, .width_out = 1, .dropout = dropout});
  initialise(*network, 1);
  return network;
}

Batch small_batch(std::int64_t items) {
  Batch batch;
  torch::Tensor vectors = torch::empty({items, 12, 3});
  RandomStream random(0, "test");
  random.fill_normal({vectors.data_ptr<float>(), static_cast<std::size_t>(vectors.numel())});
  batch.arrays["vectors"] = vectors;
  batch.arrays["labels"] = (vectors.slice(1, 0, std::nullopt, 2).select(2, 0) > 0).to(at::kFloat);
  batch.arrays["scored"] = torch::ones({items, 6}, at::kByte);
  batch.arrays["scored"].slice(1, 0, 2).zero_();
  return batch;
}

TEST(PerPositionBce, SumsOverScoredPlaces) {
  const auto network = small_network();
  const Batch batch = small_batch(4);
  PerPositionBce objective(network, 2);
  const Loss loss = objective.phases().at(0).loss(batch, {.training = false});
  EXPECT_EQ(loss.targets, 16.0);

  const torch::Tensor logits = strided_logits(*network, batch.at("vectors"), 2);
  double sum = 0;
  double right = 0;
  for (int item = 0; item < 4; ++item) {
    for (int place = 2; place < 6; ++place) {
      const double z = logits[item][place].item<double>();
      const double y = batch.at("labels")[item][place].item<double>();
      const double p = 1 / (1 + std::exp(-z));
      sum -= y > 0.5 ? std::log(p) : std::log(1 - p);
      right += (z > 0) == (y > 0.5) ? 1 : 0;
    }
  }
  EXPECT_NEAR(loss.sum.item<double>(), sum, 1e-5);
  EXPECT_EQ(loss.figures.at("accuracy").item<double>(), right);
}

TEST(PerPositionBce, LogitsAreThoseOfTheRightRows) {
  const auto network = small_network();
  const Batch batch = small_batch(2);
  TransformerInput input;
  input.vectors = batch.at("vectors");
  const torch::Tensor all = network->logits(network->forward(input)).squeeze(-1);
  EXPECT_TRUE(torch::allclose(strided_logits(*network, input.vectors, 2),
                              all.index_select(1, torch::tensor({0, 2, 4, 6, 8, 10}))));
  EXPECT_EQ(strided_logits(*network, input.vectors, 5).size(1), 3);
}

TEST(PerPositionBce, ASplitBatchHasTheSameLoss) {
  const auto network = small_network(0.3);
  const Batch batch = small_batch(4);
  PerPositionBce objective(network, 2);
  const auto loss_of = [&](std::int64_t first, std::int64_t items) {
    Batch part;
    for (const auto& [name, array] : batch.arrays) {
      part.arrays[name] = array.narrow(0, first, items);
    }
    return objective.phases()
        .at(0)
        .loss(part, {.seed = 3, .step = 7, .first_item = first})
        .sum.item<double>();
  };
  EXPECT_NEAR(loss_of(0, 4), loss_of(0, 1) + loss_of(1, 3), 1e-4) << "dropout is keyed by the item";
}

TEST(PerPositionBce, ItsGradientLowersIt) {
  const auto network = small_network();
  const Batch batch = small_batch(8);
  PerPositionBce objective(network, 2);
  const Phase phase = objective.phases().at(0);
  const Loss before = phase.loss(batch, {});
  (before.sum / before.targets).backward();
  {
    const torch::NoGradGuard no_grad;
    for (torch::Tensor parameter : phase.parameters) {
      if (parameter.grad().defined()) {
        parameter -= 0.1 * parameter.grad();
      }
    }
  }
  EXPECT_LT(phase.loss(batch, {}).sum.item<double>(), before.sum.item<double>());
}

TEST(PerPositionBce, RefusesOtherNetworks) {
  const TransformerConfig config{
      .vocabulary = 5, .width = 8, .depth = 1, .heads = 1, .ff_width = 8, .context = 8};
  EXPECT_THROW(PerPositionBce(std::make_shared<Transformer>(config), 2), Error);
  EXPECT_THROW(PerPositionBce(small_network(), 0), Error);
}

}  // namespace
}  // namespace everform
