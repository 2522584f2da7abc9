#include "everform/core/decoding/engine/fast_model.h"

#include <gtest/gtest.h>

#include <limits>

#include "architecture_rows.h"
#include "engine_test_support.h"
#include "everform/core/base/error.h"
#include "everform/core/decoding/plain_model.h"
#include "everform/core/io/quantize.h"
#include "reference_decoder.h"

namespace everform {
namespace {

using test::difference;
using test::logits_in_chunks;
using test::random_tokens;
using test::same_bits;

/// Random tensors whose matrices are stored in another type.
class StoredTensors {
 public:
  StoredTensors(const TransformerConfig& config, std::uint64_t seed, ElementType type)
      : floats_(test::random_tensors(config, seed)) {
    for (const auto& [name, tensor] : floats_.tensors) {
      if (tensor.shape.size() == 2 && name.find("embed_positions") == std::string::npos) {
        stored_[name] = quantize(type_for_rows(type, tensor.shape[1]), tensor.values, name);
      }
    }
    type_ = type;
  }

  TensorSource source() const {
    return [this, plain = floats_.source()](const std::string& name) {
      TensorView view = plain(name);
      if (const auto found = stored_.find(name); found != stored_.end()) {
        view.type = type_for_rows(type_, view.shape[1]);
        view.data = found->second;
      }
      return view;
    };
  }

 private:
  test::TensorMap floats_;
  std::map<std::string, std::vector<std::byte>> stored_;
  ElementType type_;
};

/// A row of architectures with sizes that blocks of 32 divide.
TransformerConfig widened(TransformerConfig config) {
  config.width = 64;
  config.ff_width = 96;
  if (config.heads * config.head_width % 32 != 0) {
    config.head_width = 32;
  }
  return config;
}

class FastModelRow : public testing::TestWithParam<TransformerConfig> {};

TEST_P(FastModelRow, GivesThePlainPathsNumbers) {
  const auto tensors = test::random_tensors(GetParam(), 3);
  const PlainModel plain(GetParam(), tensors.source());
  const FastModel fast(GetParam(), tensors.source(), reference_numbers());
  const auto tokens = random_tokens(150, GetParam().vocabulary);
  const auto wanted = logits_in_chunks(plain, tokens, tokens.size());
  EXPECT_LT(difference(wanted, logits_in_chunks(fast, tokens, tokens.size())), 1e-4);
}

TEST_P(FastModelRow, ReadsQuantizedWeightsAsTheirFloats) {
  const TransformerConfig config = widened(GetParam());
  const StoredTensors tensors(config, 4, ElementType::kQ4_1);
  const PlainModel plain(config, tensors.source());
  const FastModel fast(config, tensors.source(), reference_numbers());
  const auto tokens = random_tokens(90, config.vocabulary);
  const auto wanted = logits_in_chunks(plain, tokens, tokens.size());
  EXPECT_LT(difference(wanted, logits_in_chunks(fast, tokens, tokens.size())), 1e-4);
}

TEST_P(FastModelRow, FeedingInAnyChunksGivesTheSameBits) {
  const TransformerConfig config = widened(GetParam());
  const StoredTensors tensors(config, 5, ElementType::kQ4_0);
  for (const KvPrecision cache : {KvPrecision::kBFloat16, KvPrecision::kInt8, KvPrecision::kFloat32}) {
    const FastModel one(config, tensors.source(), {.threads = 1, .cache = cache});
    const FastModel two(config, tensors.source(), {.threads = 2, .cache = cache, .batch_rows = 50});
    const auto tokens = random_tokens(140, config.vocabulary);
    const auto whole = logits_in_chunks(one, tokens, tokens.size());
    for (const std::size_t chunk : {1U, 3U, 17U, 64U, 100U}) {
      EXPECT_TRUE(same_bits(whole, logits_in_chunks(one, tokens, chunk))) << "chunks of " << chunk;
    }
    EXPECT_TRUE(same_bits(whole, logits_in_chunks(two, tokens, tokens.size()))) << "two threads";
    EXPECT_TRUE(same_bits(whole, logits_in_chunks(two, tokens, 1))) << "two threads, token by token";
  }
}

TEST_P(FastModelRow, BatchesGiveTheSameBits) {
  const TransformerConfig config = widened(GetParam());
  const StoredTensors tensors(config, 6, ElementType::kQ8_0);
  const FastModel model(config, tensors.source(), {.threads = 2});
  const auto tokens = random_tokens(120, config.vocabulary);
  const auto whole = logits_in_chunks(model, tokens, tokens.size());
  const std::size_t vocabulary = model.vocabulary();
  for (const std::size_t batch : {2U, 3U, 8U}) {
    std::vector<std::unique_ptr<SequenceState>> states;
    std::vector<SequenceState*> pointers;
    std::vector<TokenId> next;
    std::vector<float> logits(batch * vocabulary);
    for (std::size_t i = 0; i < batch; ++i) {
      states.push_back(model.new_sequence());
      model.prefill(*states.back(), std::span(tokens).first(1 + i * 13), logits);
      pointers.push_back(states.back().get());
      next.push_back(tokens[1 + i * 13]);
    }
    model.step(pointers, next, logits);
    for (std::size_t i = 0; i < batch; ++i) {
      EXPECT_TRUE(same_bits(std::span(logits).subspan(i * vocabulary, vocabulary),
                            std::span(whole).subspan((1 + i * 13) * vocabulary, vocabulary)))
          << "sequence " << i << " of " << batch;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Architectures, FastModelRow, testing::ValuesIn(test::architecture_rows()),
                         [](const testing::TestParamInfo<TransformerConfig>& row) {
                           std::string name = row.param.architecture;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

class FastModelTest : public testing::Test {
 protected:
  TransformerConfig config_ = widened(test::small_llama());
  StoredTensors tensors_{config_, 8, ElementType::kQ5_1};
};

TEST_F(FastModelTest, MixedFeedsGiveWhatEachSequenceGivesAlone) {
  const FastModel model(config_, tensors_.source(), {.threads = 2, .batch_rows = 40});
  const std::size_t vocabulary = model.vocabulary();
  const auto prompt = random_tokens(100, config_.vocabulary);
  const auto other = random_tokens(70, config_.vocabulary, 8);
  const auto wanted = logits_in_chunks(model, prompt, prompt.size());
  const auto wanted_other = logits_in_chunks(model, other, other.size());

  const auto running = model.new_sequence();
  std::vector<float> logits(vocabulary);
  model.prefill(*running, std::span(other).first(60), logits);
  const auto fresh = model.new_sequence();
  const auto silent = model.new_sequence();
  std::vector<float> mixed((1 + 100) * vocabulary);
  const SequenceFeed feeds[] = {{silent.get(), std::span(other).first(30), SequenceFeed::Logits::kNone},
                                {running.get(), std::span(other).subspan(60, 1), SequenceFeed::Logits::kLast},
                                {fresh.get(), prompt, SequenceFeed::Logits::kAll}};
  model.feed(feeds, mixed);
  EXPECT_TRUE(same_bits(std::span(mixed).first(vocabulary),
                        std::span(wanted_other).subspan(60 * vocabulary, vocabulary)));
  EXPECT_TRUE(same_bits(std::span(mixed).subspan(vocabulary), wanted));
  EXPECT_EQ(silent->length(), 30U);
  EXPECT_EQ(running->length(), 61U);
  EXPECT_EQ(fresh->length(), 100U);
  const SequenceFeed twice[] = {feeds[1], feeds[1]};
  EXPECT_THROW(model.feed(twice, mixed), Error);
  EXPECT_EQ(running->length(), 61U);
}

TEST_F(FastModelTest, TruncateAndCloneGoBackInTime) {
  const FastModel model(config_, tensors_.source());
  const auto tokens = random_tokens(150, config_.vocabulary);
  std::vector<float> logits(model.vocabulary());
  std::vector<float> wanted(model.vocabulary());
  const auto state = model.new_sequence();
  model.prefill(*state, std::span(tokens).first(100), logits);
  const std::size_t alone = model.cache_bytes_in_use();
  const auto copy = state->clone();
  EXPECT_EQ(model.cache_bytes_in_use(), alone) << "a clone holds no pages of its own";
  model.prefill(*state, std::span(tokens).subspan(100), wanted);
  EXPECT_EQ(model.cache_bytes_in_use(), alone + 2 * model.cache_page_bytes())
      << "the partial page is copied and one is new";

  const std::vector<TokenId> different(10, 1);
  model.prefill(*copy, different, logits);
  EXPECT_FALSE(same_bits(logits, wanted));
  copy->truncate(100);
  EXPECT_EQ(copy->length(), 100U);
  model.prefill(*copy, std::span(tokens).subspan(100), logits);
  EXPECT_TRUE(same_bits(logits, wanted));
  copy->truncate(0);
  EXPECT_EQ(copy->length(), 0U);
}

TEST_F(FastModelTest, CachePagesAreCountedAndGivenBack) {
  const FastModel model(config_, tensors_.source());
  EXPECT_EQ(model.cache_bytes_in_use(), 0U);
  EXPECT_EQ(model.cache_page_bytes(), model.cache_bytes_per_token() * 64);
  // bfloat16 keys and values of 3 layers and 2 heads of 8, padded to 16.
  EXPECT_EQ(model.cache_bytes_per_token(), 3U * 2U * 2U * 32U * 2U);
  std::vector<float> logits(model.vocabulary());
  {
    const auto state = model.new_sequence();
    model.prefill(*state, random_tokens(65, config_.vocabulary), logits);
    EXPECT_EQ(model.cache_bytes_in_use(), 2 * model.cache_page_bytes());
    state->truncate(64);
    EXPECT_EQ(model.cache_bytes_in_use(), model.cache_page_bytes());
  }
  EXPECT_EQ(model.cache_bytes_in_use(), 0U);
}

TEST_F(FastModelTest, AWindowSeesItsTokensAndGivesTheRestBack) {
  constexpr std::size_t kWindow = 40;
  config_.context = 400;
  TransformerConfig windowed = config_;
  windowed.window = kWindow;
  const FastModel whole(windowed, tensors_.source(), {.threads = 1});
  const FastModel model(config_, tensors_.source(), {.threads = 1, .policy = window_policy(kWindow)});
  const auto tokens = random_tokens(400, config_.vocabulary);
  const auto wanted = logits_in_chunks(whole, tokens, 400);
  EXPECT_TRUE(same_bits(wanted, logits_in_chunks(model, tokens, 7)));

  const auto state = model.new_sequence();
  std::vector<float> logits(model.vocabulary());
  model.prefill(*state, std::span(tokens).first(390), logits);
  EXPECT_LE(model.cache_bytes_in_use(), 4 * model.cache_page_bytes()) << "of 7 pages";
  state->truncate(390 - PagedSequence::kGoBack);
  model.prefill(*state, std::span(tokens).subspan(390 - PagedSequence::kGoBack, 30), logits);
  const std::size_t last = 390 - PagedSequence::kGoBack + 29;
  EXPECT_TRUE(same_bits(logits, std::span(wanted).subspan(last * model.vocabulary(), model.vocabulary())));
  EXPECT_THROW(window_policy(0), Error);
}

TEST_F(FastModelTest, GoingBackBehindTheWindowIsDefined) {
  config_.context = 400;
  const FastModel model(config_, tensors_.source(), {.threads = 1, .policy = window_policy(16)});
  const auto tokens = random_tokens(330, config_.vocabulary);
  const auto state = model.new_sequence();
  std::vector<float> logits(model.vocabulary());
  std::vector<float> alone(model.vocabulary());
  model.prefill(*state, tokens, logits);
  state->truncate(70);
  EXPECT_EQ(state->length(), 70U);
  model.prefill(*state, std::span(tokens).subspan(70, 20), logits);
  for (const float logit : logits) {
    EXPECT_TRUE(std::isfinite(logit));
  }
  EXPECT_EQ(state->length(), 90U);
}

TEST_F(FastModelTest, RefusesMoreTokensThanTheContext) {
  const FastModel model(config_, tensors_.source());
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

TEST_F(FastModelTest, RefusesForeignTokensAndSequences) {
  const FastModel model(config_, tensors_.source());
  const FastModel twin(config_, tensors_.source());
  std::vector<float> logits(model.vocabulary());
  const auto state = model.new_sequence();
  for (const TokenId bad : {-1, 37}) {
    EXPECT_THROW(model.prefill(*state, std::vector<TokenId>{1, bad}, logits), Error);
  }
  EXPECT_EQ(state->length(), 0U);
  EXPECT_THROW(twin.prefill(*state, std::vector<TokenId>{1}, logits), Error);
}

TEST_F(FastModelTest, NanWeightsRunToNanLogits) {
  auto floats = test::random_tensors(config_, 9);
  for (auto& [name, tensor] : floats.tensors) {
    tensor.values.assign(tensor.values.size(), std::numeric_limits<float>::quiet_NaN());
  }
  for (const KvPrecision cache : {KvPrecision::kBFloat16, KvPrecision::kInt8, KvPrecision::kFloat32}) {
    const FastModel model(config_, floats.source(), {.cache = cache});
    std::vector<float> logits(model.vocabulary());
    const auto state = model.new_sequence();
    model.prefill(*state, random_tokens(70, config_.vocabulary), logits);
    EXPECT_TRUE(std::isnan(logits[0]));
  }
}

TEST_F(FastModelTest, EightBitsStayNearTheReference) {
  const PlainModel plain(config_, tensors_.source());
  const auto tokens = random_tokens(150, config_.vocabulary);
  const auto wanted = logits_in_chunks(plain, tokens, 150);
  const FastModel int8(config_, tensors_.source());
  EXPECT_LT(test::mean_divergence(wanted, logits_in_chunks(int8, tokens, 150), plain.vocabulary()), 0.02);
  const FastModel narrow(config_, tensors_.source(), {.cache = KvPrecision::kInt8});
  EXPECT_LT(test::mean_divergence(wanted, logits_in_chunks(narrow, tokens, 150), plain.vocabulary()), 0.03);
}

}  // namespace
}  // namespace everform
