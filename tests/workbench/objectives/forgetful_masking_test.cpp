#include "everform/workbench/objectives/forgetful_masking.h"

#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/base/error.h"
#include "everform/workbench/models/transformer.h"

namespace everform {
namespace {

StepContext at_step(std::int64_t step, std::int64_t first_item = 0) {
  return {.seed = 7, .step = step, .first_item = first_item, .training = true};
}

TEST(ForgetfulMasking, HidesExactlyTheShareAndNeverTheFirst) {
  for (const double probability : {0.0, 0.1, 0.15, 0.5, 0.99}) {
    for (const std::int64_t tokens : {1, 2, 7, 95, 2071}) {
      const torch::Tensor mask = forgetful_key_mask(8, tokens, probability, at_step(3));
      ASSERT_EQ(mask.sizes(), (std::vector<std::int64_t>{8, tokens}));
      EXPECT_TRUE(mask.select(1, 0).all().item<bool>());
      const auto wanted = std::min<std::int64_t>(
          static_cast<std::int64_t>(std::floor(probability * static_cast<double>(tokens))), tokens - 1);
      EXPECT_TRUE((mask.logical_not().sum(1) == wanted).all().item<bool>())
          << probability << " of " << tokens;
    }
  }
}

TEST(ForgetfulMasking, ChoosesAllOtherPositionsAlike) {
  const std::int64_t tokens = 11;
  torch::Tensor hidden = torch::zeros({tokens}, torch::kLong);
  for (std::int64_t step = 0; step < 200; ++step) {
    hidden += forgetful_key_mask(50, tokens, 0.3, at_step(step)).logical_not().sum(0);
  }
  // 10,000 sequences, 3 of 10 positions each: 3,000 +- 46.
  EXPECT_EQ(hidden[0].item<std::int64_t>(), 0);
  EXPECT_GT(hidden.narrow(0, 1, tokens - 1).min().item<std::int64_t>(), 2770);
  EXPECT_LT(hidden.max().item<std::int64_t>(), 3230);
}

TEST(ForgetfulMasking, DependsOnStepAndItemNotOnTheBatch) {
  const torch::Tensor whole = forgetful_key_mask(6, 40, 0.4, at_step(5));
  EXPECT_TRUE(torch::equal(whole, forgetful_key_mask(6, 40, 0.4, at_step(5))));
  EXPECT_TRUE(torch::equal(whole.narrow(0, 4, 2), forgetful_key_mask(2, 40, 0.4, at_step(5, 4))));
  EXPECT_FALSE(torch::equal(whole, forgetful_key_mask(6, 40, 0.4, at_step(6))));
  EXPECT_FALSE(torch::equal(whole[0], whole[1]));
}

TEST(ForgetfulMasking, RefusesWhatIsNoShare) {
  for (const double probability : {-0.1, 1.0, std::nan("")}) {
    EXPECT_THROW(forgetful_key_mask(1, 10, probability, at_step(0)), Error);
  }
}

TEST(ForgetfulMasking, AHiddenKeyReachesNoOtherPosition) {
  const torch::NoGradGuard no_grad;
  Transformer model({.vocabulary = 20,
                     .width = 16,
                     .depth = 2,
                     .heads = 2,
                     .kv_heads = 2,
                     .head_width = 8,
                     .ff_width = 32,
                     .context = 32,
                     .gated_mlp = false});
  initialise(model, 1);
  const std::int64_t tokens = 24;
  const torch::Tensor text = (torch::arange(tokens) * 7 % 20).unsqueeze(0);
  const torch::Tensor mask = forgetful_key_mask(1, tokens, 0.3, at_step(1));
  const auto logits = [&](const torch::Tensor& input, bool masked) {
    return model.logits(model.forward({.tokens = input, .key_mask = masked ? mask : torch::Tensor()}));
  };
  for (std::int64_t at = 0; at < tokens; ++at) {
    torch::Tensor changed = text.clone();
    changed[0][at] = (text[0][at] + 3) % 20;
    torch::Tensor difference = (logits(text, true) - logits(changed, true)).abs().amax(2)[0];
    difference[at] = 0;  // its own query sees the new token
    const bool hidden = !mask[0][at].item<bool>();
    if (hidden) {
      EXPECT_EQ(difference.max().item<double>(), 0.0) << at;
      // Without the mask, as in evaluation, the same change is seen by what follows.
      if (at + 1 < tokens) {
        EXPECT_GT((logits(text, false) - logits(changed, false))
                      .abs()
                      .amax(2)[0]
                      .narrow(0, at + 1, 1)
                      .item<double>(),
                  0.0);
      }
    } else if (at + 1 < tokens) {
      EXPECT_GT(difference.max().item<double>(), 0.0) << at;
    }
  }
}

}  // namespace
}  // namespace everform
