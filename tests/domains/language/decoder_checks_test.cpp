#include "everform/domains/language/decoder_checks.h"

#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/decoding/window_nll.h"
#include "tests/domains/language/fake_model.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

TransformerConfig small() {
  TransformerConfig config;
  config.architecture = "llama";
  config.vocabulary = 257;
  config.width = 32;
  config.depth = 2;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_width = 8;
  config.ff_width = 64;
  config.context = 128;
  return config;
}

std::vector<TokenId> some_tokens(std::size_t count) {
  std::vector<TokenId> tokens;
  for (std::size_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<TokenId>(i * 37 % 257));
  }
  return tokens;
}

TEST(DecoderChecks, APlainModelAgreesWithItself) {
  const auto model = make_random_decoder(small(), 0);
  const auto differences = cache_differences(*model, some_tokens(80));
  ASSERT_EQ(differences.size(), 5U);
  for (const auto& [how, difference] : differences) {
    EXPECT_LE(difference, 1e-6) << how;
  }
}

TEST(DecoderChecks, FindAModelWhoseChunksMatter) {
  // A model that forgets: its distribution depends on how many tokens came since its memory was last cut.
  class Forgetful : public test::FakeModel {
   public:
    Forgetful()
        : FakeModel([](std::span<const TokenId> seen) {
            std::vector<double> row(257, 1.0 / 257);
            row[1] = static_cast<double>(seen.size());
            return row;
          }) {}
    void prefill_all(SequenceState& state, std::span<const TokenId> tokens,
                     std::span<float> logits) const override {
      state.truncate(0);
      FakeModel::prefill_all(state, tokens, logits);
    }
  };
  const auto differences = cache_differences(Forgetful(), some_tokens(80));
  EXPECT_GT(differences.at("chunks of 7"), 0.1);
  EXPECT_LE(differences.at("batch"), 1e-6);
}

TEST(DecoderChecks, ARandomDecoderKnowsNothing) {
  const auto model = make_random_decoder(small(), 0);
  EXPECT_NEAR(score_windows(*model, some_tokens(100), 64, 32).per_token(), std::log(257.0), 0.05);
  std::vector<float> one(257), other(257);
  const auto state = model->new_sequence();
  model->prefill(*state, some_tokens(3), one);
  const auto again = make_random_decoder(small(), 1);
  const auto second = again->new_sequence();
  again->prefill(*second, some_tokens(3), other);
  EXPECT_NE(one, other);
}

TEST(DecoderChecks, RotaryRowsMatter) {
  const auto path = test::bundled_models() / "smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf";
  EVERFORM_NEEDS(path);
  const auto tokenizer = load_tokenizer(path);
  const auto checkpoint = open_decoder(path);
  const auto tokens = tokenizer->encode_ids(
      "The city lies on both banks of the river, about forty kilometres from the sea. It was founded in the "
      "ninth century as a "
      "trading post, and for three hundred years its harbour was the largest of the whole country. Most of "
      "the old town was lost in "
      "the great fire of 1731, but the cathedral and the town hall still stand. Today the city is known for "
      "its university, its "
      "museums and a festival of music that is held every summer. More than half of the people who live "
      "there work in trade, in "
      "schools or in hospitals, and only a few still make the glass for which the region was once famous.");
  const auto wrong = load_without_unpermute(*checkpoint);
  const LanguageModel right = load_language_model(path);
  const double ratio = std::exp(score_windows(*wrong, tokens, 64, 64).per_token() -
                                score_windows(*right.model, tokens, 64, 64).per_token());
  EXPECT_GT(ratio, 2.0);  // it grows with the length: more than 20 at 1,024 tokens
  EXPECT_EQ(rank_of_paris(right), 1U);
}

}  // namespace
}  // namespace everform
