#include "everform/workbench/evaluation/hidden_keys.h"

#include <gtest/gtest.h>

namespace everform {
namespace {

TEST(HiddenKeys, EffectIsZeroOnlyUnderTheMask) {
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
  const torch::Tensor tokens = (torch::arange(24).view({2, 12}) * 7) % 20;
  torch::Tensor hidden = torch::zeros({2, 12}, torch::kBool);
  hidden[0][3] = true;
  hidden[1][1] = true;
  hidden[1][7] = true;
  EXPECT_EQ(hidden_key_effect(model, tokens, (tokens + 5) % 20, hidden, true), 0.0);
  EXPECT_GT(hidden_key_effect(model, tokens, (tokens + 5) % 20, hidden, false), 1e-6);
  EXPECT_EQ(hidden_key_effect(model, tokens, tokens, hidden, false), 0.0);
}

}  // namespace
}  // namespace everform
