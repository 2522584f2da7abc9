#include "everform/workbench/adaptation/freeze.h"

#include <gtest/gtest.h>

#include <set>

#include "everform/core/base/error.h"

namespace everform {
namespace {

std::set<std::string> trained(Transformer& network) {
  std::set<std::string> names;
  for (const auto& parameter : network.named_parameters()) {
    if (parameter.value().requires_grad()) {
      names.insert(parameter.key());
    }
  }
  return names;
}

TEST(Freeze, LeavesTheRightPartsTrained) {
  const TransformerConfig config{.width = 8,
                                 .depth = 2,
                                 .heads = 2,
                                 .ff_width = 16,
                                 .context = 6,
                                 .norm = NormKind::kLayerNorm,
                                 .norm_bias = true,
                                 .positions = PositionKind::kLearned};
  Transformer network(config, {.width_in = 3, .width_out = 1});
  const std::set<std::string> all = trained(network);

  freeze(network, Freeze::kAllButEnds);
  EXPECT_EQ(trained(network), (std::set<std::string>{"model.read_in.weight", "model.read_in.bias",
                                                     "lm_head.weight", "lm_head.bias"}));

  freeze(network, Freeze::kMixersAndMlps);
  const std::set<std::string> without_blocks = trained(network);
  EXPECT_TRUE(without_blocks.contains("model.layers.1.input_layernorm.weight"));
  EXPECT_TRUE(without_blocks.contains("model.embed_positions.weight"));
  EXPECT_FALSE(without_blocks.contains("model.layers.0.self_attn.q_proj.weight"));
  EXPECT_FALSE(without_blocks.contains("model.layers.1.mlp.up_proj.weight"));
  EXPECT_EQ(without_blocks.size() + 2 * 7, all.size()) << "q, k, v, o, gate, up, down a block";

  freeze(network, Freeze::kNone);
  EXPECT_EQ(trained(network), all);
}

TEST(Freeze, NamesAreRead) {
  EXPECT_EQ(freeze_from_name("all-but-ends"), Freeze::kAllButEnds);
  EXPECT_EQ(freeze_from_name("none"), Freeze::kNone);
  EXPECT_THROW(freeze_from_name("all"), Error);
}

}  // namespace
}  // namespace everform
