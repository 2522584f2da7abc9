#include "everform/workbench/models/weights_io.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/core/decoding/plain_model.h"
#include "everform/workbench/models/libtorch_step_model.h"
#include "tests/support/shared_data.h"
#include "tests/workbench/models/small_configs.h"

namespace everform {
namespace {

std::vector<TokenId> prompt(const TransformerConfig& config) {
  std::vector<TokenId> tokens;
  for (int i = 0; i < 12; ++i) {
    tokens.push_back(static_cast<TokenId>((i * 7 + 3) % config.vocabulary));
  }
  return tokens;
}

double largest_gap(const std::vector<float>& a, const std::vector<float>& b) {
  double gap = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    gap = std::max(gap, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return gap;
}

TEST(WeightsIo, ASavedNetworkIsTheSameInThePlainPathAndWhenLoadedAgain) {
  for (const auto& [label, config] : test::small_configs()) {
    auto transformer = std::make_shared<Transformer>(config);
    test::randomise(*transformer, 5);
    const test::TemporaryFolder folder;
    save_transformer(*transformer, folder.path());

    const auto loaded = load_transformer(folder.path());
    EXPECT_EQ(loaded->config(), transformer->config()) << label;
    for (const auto& parameter : transformer->named_parameters()) {
      EXPECT_TRUE(torch::equal(parameter.value(), loaded->named_parameters()[parameter.key()]))
          << parameter.key();
    }

    const auto checkpoint = open_decoder(folder.path());
    const auto plain = load_plain_model(*checkpoint);
    const LibtorchStepModel model(transformer);
    ASSERT_EQ(plain->vocabulary(), model.vocabulary());
    const std::vector<TokenId> tokens = prompt(config);
    std::vector<float> expected(tokens.size() * model.vocabulary());
    std::vector<float> found(expected.size());
    plain->prefill_all(*plain->new_sequence(), tokens, expected);
    model.prefill_all(*model.new_sequence(), tokens, found);
    EXPECT_LT(largest_gap(expected, found), 1e-4) << label;
  }
}

TEST(StepModel, StepsEqualPrefillAndSequencesDoNotMix) {
  auto transformer = std::make_shared<Transformer>(test::small_configs().at("llama"));
  test::randomise(*transformer, 5);
  const LibtorchStepModel model(transformer);
  const std::vector<TokenId> tokens = prompt(transformer->config());
  const std::size_t width = model.vocabulary();
  std::vector<float> all(tokens.size() * width);
  model.prefill_all(*model.new_sequence(), tokens, all);

  const auto first = model.new_sequence();
  const auto second = model.new_sequence();
  std::vector<float> logits(width);
  model.prefill(*first, std::span(tokens).first(6), logits);
  EXPECT_LT(largest_gap(logits, {all.begin() + 5 * static_cast<std::ptrdiff_t>(width),
                                 all.begin() + 6 * static_cast<std::ptrdiff_t>(width)}),
            1e-5);
  model.prefill(*second, std::span(tokens).first(9), logits);
  const auto branch = first->clone();
  std::vector<float> pair(2 * width);
  const std::vector<SequenceState*> states = {first.get(), second.get()};
  const std::vector<TokenId> next = {tokens[6], tokens[9]};
  model.step(states, next, pair);
  EXPECT_EQ(first->length(), 7U);
  EXPECT_EQ(branch->length(), 6U);
  const std::vector<float> expected_first(all.begin() + 6 * static_cast<std::ptrdiff_t>(width),
                                          all.begin() + 7 * static_cast<std::ptrdiff_t>(width));
  const std::vector<float> expected_second(all.begin() + 9 * static_cast<std::ptrdiff_t>(width),
                                           all.begin() + 10 * static_cast<std::ptrdiff_t>(width));
  EXPECT_LT(largest_gap({pair.begin(), pair.begin() + static_cast<std::ptrdiff_t>(width)}, expected_first),
            1e-5);
  EXPECT_LT(largest_gap({pair.begin() + static_cast<std::ptrdiff_t>(width), pair.end()}, expected_second),
            1e-5);
  second->truncate(6);
  model.prefill(*second, std::span(tokens).subspan(6, 1), logits);
  EXPECT_LT(largest_gap(logits, expected_first), 1e-5);
  model.prefill(*branch, std::span(tokens).subspan(6, 1), logits);
  EXPECT_LT(largest_gap(logits, expected_first), 1e-5);
}

TEST(StepModel, RefusesWrongUse) {
  auto transformer = std::make_shared<Transformer>(test::small_configs().at("llama"));
  const LibtorchStepModel model(transformer);
  const auto state = model.new_sequence();
  std::vector<float> logits(model.vocabulary());
  const std::vector<TokenId> too_many(model.context() + 1, 1);
  EXPECT_THROW(model.prefill(*state, too_many, logits), Error);
  EXPECT_THROW(model.prefill(*state, {}, logits), Error);
  const std::vector<TokenId> unknown = {static_cast<TokenId>(model.vocabulary())};
  EXPECT_THROW(model.prefill(*state, unknown, logits), Error);
  logits.pop_back();
  EXPECT_THROW(model.prefill(*state, std::vector<TokenId>{1}, logits), Error);
}

TEST(WeightsIo, RefusesAbsentAndMisshapenTensors) {
  const test::TemporaryFolder folder;
  Transformer small(test::small_configs().at("gpt2"));
  save_parameters(small, folder.path() / "model.safetensors");
  const auto store = open_tensor_store(folder.path() / "model.safetensors");
  Transformer other(test::small_configs().at("llama"));
  EXPECT_THROW(load_parameters(other, *store), Error);
  TransformerConfig wider = test::small_configs().at("gpt2");
  wider.ff_width += 1;
  Transformer wide(wider);
  EXPECT_THROW(load_parameters(wide, *store), Error);
}

TEST(WeightsIo, EveryPlainTypeGoesThroughAFileUnchanged) {
  const test::TemporaryFolder folder;
  std::vector<TensorToWrite> tensors;
  std::map<std::string, torch::Tensor> expected;
  for (const auto type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort,
                          at::kChar, at::kByte, at::kBool}) {
    const std::string name = c10::toString(type);
    expected[name] = torch::arange(6, at::kFloat).view({3, 2}).t().to(type);
    tensors.push_back(to_stored(name, expected[name]));
  }
  write_safetensors(folder.path() / "all.safetensors", tensors);
  const auto store = open_tensor_store(folder.path() / "all.safetensors");
  for (const auto& [name, tensor] : expected) {
    const torch::Tensor read = to_torch(store->get(name));
    EXPECT_EQ(read.scalar_type(), tensor.scalar_type());
    EXPECT_TRUE(torch::equal(read, tensor)) << name;
  }
  EXPECT_THROW(to_stored("complex", torch::zeros({2}, at::kComplexFloat)), Error);
}

}  // namespace
}  // namespace everform
