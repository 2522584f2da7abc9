#include "everform/workbench/models/transformer.h"

#include <gtest/gtest.h>

#include <map>

#include "everform/core/base/error.h"
#include "everform/core/recipes/transformer_tensors.h"
#include "tests/workbench/layers/gradient_check.h"
#include "tests/workbench/models/small_configs.h"

namespace everform {
namespace {

using test::distance;
using test::expect_gradients;
using test::normal_tensor;
using test::small_configs;

torch::Tensor some_tokens(std::int64_t batch, std::int64_t tokens, std::int64_t vocabulary) {
  return (torch::arange(batch * tokens, at::kLong) * 7 + 3).remainder(vocabulary).view({batch, tokens});
}

TEST(Transformer, HasExactlyTheCanonicalTensors) {
  for (const auto& [label, config] : small_configs()) {
    const Transformer transformer(config);
    std::map<std::string, std::vector<std::int64_t>> own;
    for (const auto& parameter : transformer.named_parameters()) {
      own[parameter.key()] = parameter.value().sizes().vec();
    }
    std::map<std::string, std::vector<std::int64_t>> expected;
    for (const NamedShape& tensor : transformer_tensors(config)) {
      expected[tensor.name] = tensor.shape;
    }
    EXPECT_EQ(own, expected) << label;
  }
}

std::int64_t count(const Transformer& transformer) {
  std::int64_t total = 0;
  for (const torch::Tensor& parameter : transformer.parameters()) {
    total += parameter.numel();
  }
  return total;
}

TEST(Transformer, PublishedSizesHaveTheirNumberOfParameters) {
  // Bhattamishra et al. 2023 (arXiv 2310.03016): GPT-2 style, vectors of 28, one output, positions for 150
  // pairs.
  const TransformerConfig discrete{.width = 256,
                                   .depth = 12,
                                   .heads = 8,
                                   .ff_width = 1024,
                                   .context = 300,
                                   .norm = NormKind::kLayerNorm,
                                   .norm_bias = true,
                                   .positions = PositionKind::kLearned,
                                   .activation = Activation::kGeluTanh,
                                   .gated_mlp = false,
                                   .qkv_bias = true,
                                   .attention_output_bias = true,
                                   .mlp_bias = true};
  EXPECT_EQ(count(Transformer(discrete, {.width_in = 28, .width_out = 1})), 9562113);
  // Berkovich & Buehler 2024 (arXiv 2409.12182).
  const TransformerConfig life{.vocabulary = 256,
                               .width = 256,
                               .depth = 12,
                               .heads = 8,
                               .kv_heads = 8,
                               .head_width = 64,
                               .ff_width = 1024,
                               .context = 2071,
                               .norm = NormKind::kLayerNorm,
                               .rotary = {.dimensions = 32},
                               .activation = Activation::kGelu,
                               .gated_mlp = false,
                               .mlp_bias = true};
  EXPECT_EQ(count(Transformer(life)), 12735744);
}

TEST(Transformer, CachedEqualsUncachedForEveryArchitecture) {
  for (const auto& [label, config] : small_configs()) {
    Transformer transformer(config);
    test::randomise(transformer, 1);
    transformer.to(at::kDouble);
    const torch::NoGradGuard no_grad;
    const torch::Tensor tokens = some_tokens(2, 10, config.vocabulary);
    const torch::Tensor whole = transformer.forward({.tokens = tokens});
    const auto state = transformer.new_state();
    std::vector<torch::Tensor> parts;
    std::int64_t begin = 0;
    for (const std::int64_t taken : {4, 1, 3, 1, 1}) {
      parts.push_back(transformer.forward({.tokens = tokens.narrow(1, begin, taken), .state = state.get()}));
      begin += taken;
    }
    EXPECT_LT(distance(torch::cat(parts, 1), whole), 1e-6) << label;
    const auto branch = state->clone();
    branch->truncate(4);
    EXPECT_EQ(branch->length(), 4);
    const torch::Tensor again =
        transformer.forward({.tokens = tokens.narrow(1, 4, 6), .state = branch.get()});
    EXPECT_LT(distance(again, whole.narrow(1, 4, 6)), 1e-6) << label;
  }
}

TEST(Transformer, IsCausalBitForBitForEveryArchitectureAndMixer) {
  for (const auto& [label, config] : small_configs()) {
    for (const MixerKind mixer :
         {MixerKind::kAttention, MixerKind::kLinearAttention, MixerKind::kRetention, MixerKind::kLstm}) {
      Transformer transformer(config, {.mixer = mixer});
      test::randomise(transformer, 1);
      torch::Tensor tokens = some_tokens(1, 9, config.vocabulary);
      const torch::Tensor before = transformer.logits(transformer.forward({.tokens = tokens}));
      tokens[0][6] = (tokens[0][6].item<std::int64_t>() + 1) % config.vocabulary;
      const torch::Tensor after = transformer.logits(transformer.forward({.tokens = tokens}));
      EXPECT_TRUE(torch::equal(before.slice(1, 0, 6), after.slice(1, 0, 6))) << label;
      EXPECT_FALSE(torch::equal(before.slice(1, 6), after.slice(1, 6))) << label;
    }
  }
}

TEST(Transformer, GradientsAgreeWithFiniteDifferencesWithAndWithoutCheckpointing) {
  for (const char* label : {"gpt2", "llama", "neox", "post_norm"}) {
    for (const bool checkpoint : {false, true}) {
      Transformer transformer(small_configs().at(label), {.checkpoint_blocks = checkpoint});
      test::randomise(transformer, 1);
      transformer.to(at::kDouble);
      const torch::Tensor tokens = some_tokens(2, 5, transformer.config().vocabulary);
      expect_gradients([&] { return transformer.logits(transformer.forward({.tokens = tokens})); },
                       transformer.parameters(), 2e-5, 3);
    }
  }
}

TEST(Transformer, AHiddenKeyChangesNoOtherLogit) {
  Transformer transformer(small_configs().at("lifegpt"));
  test::randomise(transformer, 1);
  torch::Tensor tokens = some_tokens(2, 8, transformer.config().vocabulary);
  torch::Tensor mask = torch::ones({2, 8}, at::kBool);
  mask[1][3] = false;
  const torch::Tensor before = transformer.forward({.tokens = tokens, .key_mask = mask});
  tokens.select(1, 3).fill_(5);
  const torch::Tensor after = transformer.forward({.tokens = tokens, .key_mask = mask});
  EXPECT_TRUE(torch::equal(before[1].slice(0, 4), after[1].slice(0, 4)));
  EXPECT_FALSE(torch::equal(before[0].slice(0, 4), after[0].slice(0, 4)));
}

TEST(Transformer, PaddingOnTheLeftWithItsOwnPositionsChangesNothing) {
  for (const char* label : {"gpt2", "llama", "alibi"}) {
    Transformer transformer(small_configs().at(label));
    test::randomise(transformer, 1);
    const torch::Tensor tokens = some_tokens(1, 6, transformer.config().vocabulary);
    const torch::Tensor padded = torch::cat({torch::zeros({1, 2}, at::kLong), tokens}, 1);
    const torch::Tensor mask =
        torch::cat({torch::zeros({1, 2}, at::kBool), torch::ones({1, 6}, at::kBool)}, 1);
    const torch::Tensor positions = (torch::arange(8, at::kLong) - 2).clamp_min(0).unsqueeze(0);
    const torch::Tensor alone = transformer.forward({.tokens = tokens});
    const torch::Tensor in_batch =
        transformer.forward({.tokens = padded, .positions = positions, .key_mask = mask});
    EXPECT_LT(distance(in_batch.slice(1, 2), alone), 2e-6) << label;
  }
}

TEST(Transformer, ReadsVectorsAndEmbeddings) {
  TransformerConfig config = small_configs().at("gpt2");
  config.vocabulary = 0;
  config.tied = false;
  Transformer transformer(config, {.width_in = 3, .width_out = 2});
  test::randomise(transformer, 1);
  const torch::Tensor vectors = normal_tensor({2, 4, 3}, "vectors").to(at::kFloat);
  const torch::Tensor hidden = transformer.forward({.vectors = vectors});
  EXPECT_EQ(transformer.logits(hidden).sizes(), (std::vector<std::int64_t>{2, 4, 2}));
  EXPECT_TRUE(torch::equal(transformer.forward({.embeddings = transformer.model->read_in->forward(vectors)}),
                           hidden));
  EXPECT_THROW(transformer.forward({.tokens = some_tokens(1, 4, 3)}), Error);
  EXPECT_THROW(transformer.forward({}), Error);
  Transformer reads_tokens(small_configs().at("gpt2"));
  EXPECT_THROW(reads_tokens.forward({.vectors = vectors}), Error);
}

TEST(Transformer, TapsRecordEveryBlocksInputOutputAndAttention) {
  Transformer transformer(small_configs().at("llama"));
  test::randomise(transformer, 1);
  const torch::Tensor tokens = some_tokens(2, 5, transformer.config().vocabulary);
  Taps taps{.attention = true};
  const torch::Tensor with_taps = transformer.forward({.tokens = tokens, .taps = &taps});
  EXPECT_LT(distance(with_taps, transformer.forward({.tokens = tokens})), 1e-5);
  ASSERT_EQ(taps.block_inputs.size(), 2U);
  EXPECT_TRUE(torch::equal(taps.block_inputs[1], taps.block_outputs[0]));
  EXPECT_TRUE(torch::equal(transformer.model->norm->forward(taps.block_outputs[1]), with_taps));
  ASSERT_EQ(taps.attention_weights[0].sizes(), (std::vector<std::int64_t>{2, 4, 5, 5}));
  EXPECT_LT(distance(taps.attention_weights[1].sum(-1), torch::ones({2, 4, 5})), 1e-5);
}

TEST(Transformer, DropoutFollowsTheItemAndCheckpointingRepeatsIt) {
  Transformer transformer(small_configs().at("gpt2"), {.dropout = 0.2});
  test::randomise(transformer, 1);
  const torch::Tensor tokens = some_tokens(4, 6, transformer.config().vocabulary);
  const DropoutKey all{.seed = 1, .step = 2, .first_item = 0};
  const DropoutKey last{.seed = 1, .step = 2, .first_item = 3};
  const torch::Tensor whole = transformer.forward({.tokens = tokens, .dropout = &all});
  const torch::Tensor part = transformer.forward({.tokens = tokens.narrow(0, 3, 1), .dropout = &last});
  EXPECT_LT(distance(whole.narrow(0, 3, 1), part), 1e-5);
  EXPECT_GT(distance(whole, transformer.forward({.tokens = tokens})), 1e-2);
  const auto gradient = [&](bool checkpoint) {
    transformer.zero_grad();
    transformer.set_checkpoint_blocks(checkpoint);
    transformer.forward({.tokens = tokens, .dropout = &all}).square().sum().backward();
    return transformer.model->layers[0]->mlp->up_proj->weight.grad().clone();
  };
  EXPECT_TRUE(torch::equal(gradient(false), gradient(true)));
}

TEST(Transformer, APrefixComesFirstAlsoWithACacheAndAMask) {
  Transformer transformer(small_configs().at("gpt2"));
  test::randomise(transformer, 1);
  const torch::NoGradGuard no_grad;
  const torch::Tensor tokens = some_tokens(2, 6, transformer.config().vocabulary);
  const torch::Tensor leading = some_tokens(1, 3, transformer.config().vocabulary);
  const torch::Tensor joined = torch::cat({leading.expand({2, 3}), tokens}, 1);
  const torch::Tensor expected = transformer.forward({.tokens = joined}).narrow(1, 3, 6);
  transformer.set_prefix(transformer.model->embed_tokens->forward(leading)[0]);
  EXPECT_LT(distance(transformer.forward({.tokens = tokens}), expected), 1e-5);
  const torch::Tensor mask = torch::ones({2, 6}, at::kBool);
  const torch::Tensor positions = torch::arange(6, at::kLong);
  EXPECT_LT(
      distance(transformer.forward({.tokens = tokens, .positions = positions, .key_mask = mask}), expected),
      1e-5);
  const auto state = transformer.new_state();
  const torch::Tensor first = transformer.forward({.tokens = tokens.narrow(1, 0, 4), .state = state.get()});
  const torch::Tensor rest = transformer.forward({.tokens = tokens.narrow(1, 4, 2), .state = state.get()});
  EXPECT_LT(distance(torch::cat({first, rest}, 1), expected), 1e-5);
}

TEST(Transformer, RefusesWhatCannotBeBuilt) {
  TransformerConfig config = small_configs().at("neox");
  config.norm_placement = NormPlacement::kPost;
  EXPECT_THROW(Transformer{config}, Error);
  config = small_configs().at("gpt2");
  EXPECT_THROW(Transformer(config, {.width_in = 3}), Error);
  config.heads = 5;
  config.kv_heads = 3;
  EXPECT_THROW(Transformer{config}, Error);
  Transformer headless(small_configs().at("llama"), {.head = false});
  EXPECT_THROW(headless.head_weight(), Error);
}

}  // namespace
}  // namespace everform
