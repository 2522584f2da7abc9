#include "everform/core/decoding/plain_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "architecture_rows.h"
#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/base/threads.h"
#include "reference_decoder.h"

namespace everform {
namespace {

std::vector<TokenId> random_tokens(std::size_t count, std::int64_t vocabulary) {
  RandomStream random(7, "tokens");
  std::vector<TokenId> tokens;
  for (std::size_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<TokenId>(random.below(static_cast<std::uint64_t>(vocabulary))));
  }
  return tokens;
}

// Logits after every token, fed in chunks of `chunk`.
std::vector<float> logits_in_chunks(const PlainModel& model, const std::vector<TokenId>& tokens,
                                    std::size_t chunk) {
  std::vector<float> logits(tokens.size() * model.vocabulary());
  const auto state = model.new_sequence();
  for (std::size_t begin = 0; begin < tokens.size(); begin += chunk) {
    const std::size_t count = std::min(chunk, tokens.size() - begin);
    model.prefill_all(*state, std::span(tokens).subspan(begin, count),
                      std::span(logits).subspan(begin * model.vocabulary(), count * model.vocabulary()));
  }
  EXPECT_EQ(state->length(), tokens.size());
  return logits;
}

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

class PlainModelRow : public testing::TestWithParam<TransformerConfig> {
 protected:
  PlainModelRow() : tensors_(test::random_tensors(GetParam(), 3)), model_(GetParam(), tensors_.source()) {}

  test::TensorMap tensors_;
  PlainModel model_;
};

TEST_P(PlainModelRow, AgreesWithTheSlowReference) {
  const auto tokens = random_tokens(100, GetParam().vocabulary);
  const auto wanted = test::reference_logits(GetParam(), tensors_, tokens);
  const auto found = logits_in_chunks(model_, tokens, tokens.size());
  double largest = 0;
  double spread = 0;
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    for (std::size_t v = 0; v < model_.vocabulary(); ++v) {
      largest = std::max(largest, std::abs(wanted[t][v] - found[t * model_.vocabulary() + v]));
      spread = std::max(spread, std::abs(wanted[t][v]));
    }
  }
  EXPECT_GT(spread, 1.0);
  EXPECT_LT(largest, 5e-5 * spread);
}

TEST_P(PlainModelRow, FeedingInAnyChunksGivesTheSameBits) {
  const auto tokens = random_tokens(100, GetParam().vocabulary);
  const auto whole = logits_in_chunks(model_, tokens, tokens.size());
  for (const std::size_t chunk : {1, 7, 64}) {
    EXPECT_TRUE(same_bits(whole, logits_in_chunks(model_, tokens, chunk))) << "chunks of " << chunk;
  }
}

TEST_P(PlainModelRow, BatchedStepsGiveTheSameBits) {
  const auto tokens = random_tokens(60, GetParam().vocabulary);
  const std::size_t vocabulary = model_.vocabulary();
  const auto whole = logits_in_chunks(model_, tokens, tokens.size());
  std::vector<std::unique_ptr<SequenceState>> states;
  std::vector<SequenceState*> pointers;
  std::vector<TokenId> next;
  std::vector<float> logits(vocabulary);
  // Sequences of different lengths, each a prefix of the same text.
  for (const std::size_t length : {0, 1, 16, 31, 32, 58}) {
    states.push_back(model_.new_sequence());
    if (length > 0) {
      model_.prefill(*states.back(), std::span(tokens).first(length), logits);
      EXPECT_TRUE(same_bits(logits, std::span(whole).subspan((length - 1) * vocabulary, vocabulary)));
    }
    pointers.push_back(states.back().get());
    next.push_back(tokens[length]);
  }
  std::vector<float> stepped(pointers.size() * vocabulary);
  model_.step(pointers, next, stepped);
  for (std::size_t i = 0; i < pointers.size(); ++i) {
    const std::size_t last = states[i]->length() - 1;
    EXPECT_TRUE(same_bits(std::span(stepped).subspan(i * vocabulary, vocabulary),
                          std::span(whole).subspan(last * vocabulary, vocabulary)))
        << "sequence " << i;
  }
}

TEST_P(PlainModelRow, TheThreadCountChangesNothing) {
  const auto tokens = random_tokens(70, GetParam().vocabulary);
  const auto usual = logits_in_chunks(model_, tokens, tokens.size());
  for (const int threads : {1, 5}) {
    set_default_threads(threads);
    EXPECT_TRUE(same_bits(usual, logits_in_chunks(model_, tokens, tokens.size()))) << threads << " threads";
  }
  set_default_threads(choose_threads().threads);
}

INSTANTIATE_TEST_SUITE_P(Architectures, PlainModelRow, testing::ValuesIn(test::architecture_rows()),
                         [](const testing::TestParamInfo<TransformerConfig>& row) {
                           std::string name = row.param.architecture;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

class PlainModelTest : public testing::Test {
 protected:
  TransformerConfig config_ = test::small_llama();
  test::TensorMap tensors_ = test::random_tensors(config_, 5);
};

TEST_F(PlainModelTest, TruncateAndCloneGoBackInTime) {
  const PlainModel model(config_, tensors_.source());
  const auto tokens = random_tokens(50, config_.vocabulary);
  std::vector<float> logits(model.vocabulary());
  std::vector<float> wanted(model.vocabulary());
  const auto state = model.new_sequence();
  model.prefill(*state, std::span(tokens).first(33), logits);
  const auto copy = state->clone();
  model.prefill(*state, std::span(tokens).subspan(33), wanted);

  // Another continuation in the clone leaves the original alone; truncating it leads back to the shared part.
  const std::vector<TokenId> other(10, 1);
  model.prefill(*copy, other, logits);
  EXPECT_FALSE(same_bits(logits, wanted));
  copy->truncate(33);
  EXPECT_EQ(copy->length(), 33U);
  model.prefill(*copy, std::span(tokens).subspan(33), logits);
  EXPECT_TRUE(same_bits(logits, wanted));
}

TEST_F(PlainModelTest, RefusesMoreTokensThanTheContext) {
  const PlainModel model(config_, tensors_.source());
  std::vector<float> logits(model.vocabulary());
  const auto state = model.new_sequence();
  const std::vector<TokenId> fits(static_cast<std::size_t>(config_.context), 2);
  model.prefill(*state, fits, logits);
  SequenceState* one = state.get();
  try {
    model.step(std::span(&one, 1), std::span(fits).first(1), logits);
    FAIL() << "the 161st token was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.message().find("160"), std::string::npos) << error.what();
  }
  EXPECT_EQ(state->length(), 160U);
}

TEST_F(PlainModelTest, RefusesForeignTokensAndSequences) {
  const PlainModel model(config_, tensors_.source());
  const PlainModel twin(config_, tensors_.source());
  std::vector<float> logits(model.vocabulary());
  const auto state = model.new_sequence();
  for (const TokenId bad : {-1, 37}) {
    EXPECT_THROW(model.prefill(*state, std::vector<TokenId>{1, bad}, logits), Error);
  }
  EXPECT_EQ(state->length(), 0U);
  EXPECT_THROW(twin.prefill(*state, std::vector<TokenId>{1}, logits), Error);
}

TEST_F(PlainModelTest, RefusesTensorsOfTheWrongShapeAndEncoders) {
  auto wrong = tensors_;
  auto& tensor = wrong.tensors.at("model.layers.1.mlp.down_proj.weight");
  std::swap(tensor.shape[0], tensor.shape[1]);
  try {
    const PlainModel model(config_, wrong.source());
    FAIL() << "a transposed tensor was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_NE(std::string(error.what()).find("model.layers.1.mlp.down_proj.weight"), std::string::npos);
    EXPECT_NE(error.message().find("[48, 72]"), std::string::npos);
  }
  config_.causal = false;
  EXPECT_THROW(PlainModel(config_, tensors_.source()), Error);
}

TEST_F(PlainModelTest, QuantizedWeightsAreReadAsTheirFloats) {
  // Q8_0 blocks of 32 need a width that is a multiple of 32.
  config_.width = 64;
  config_.ff_width = 96;
  tensors_ = test::random_tensors(config_, 6);
  auto& tensor = tensors_.tensors.at("model.layers.0.mlp.up_proj.weight");
  std::vector<std::byte> blocks;
  for (std::size_t begin = 0; begin < tensor.values.size(); begin += 32) {
    const std::uint16_t scale = 0x2c00;  // 2^-4
    blocks.push_back(static_cast<std::byte>(scale & 0xff));
    blocks.push_back(static_cast<std::byte>(scale >> 8));
    for (std::size_t i = begin; i < begin + 32; ++i) {
      const auto q = static_cast<std::int8_t>(std::lround(tensor.values[i] * 16.0F));
      blocks.push_back(static_cast<std::byte>(q));
      tensor.values[i] = static_cast<float>(q) / 16.0F;
    }
  }
  const auto plain = tensors_.source();
  const PlainModel from_floats(config_, plain);
  const PlainModel from_blocks(config_, [&](const std::string& name) {
    TensorView view = plain(name);
    if (name == "model.layers.0.mlp.up_proj.weight") {
      view.type = ElementType::kQ8_0;
      view.data = blocks;
    }
    return view;
  });
  const auto tokens = random_tokens(20, config_.vocabulary);
  EXPECT_TRUE(
      same_bits(logits_in_chunks(from_floats, tokens, 20), logits_in_chunks(from_blocks, tokens, 20)));
}

}  // namespace
}  // namespace everform
