#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "architecture_rows.h"
#include "everform/core/base/error.h"
#include "everform/core/decoding/continuation_score.h"
#include "everform/core/decoding/log_probabilities.h"
#include "everform/core/decoding/plain_model.h"
#include "everform/core/decoding/window_nll.h"
#include "fake_model.h"
#include "reference_decoder.h"

namespace everform {
namespace {

using test::ByteTokenizer;
using test::FakeModel;

TEST(LogProbability, IsTheLogSoftmax) {
  const std::vector<float> logits = {1000.0F, 999.0F, -1000.0F};
  EXPECT_NEAR(log_probability(logits, 1), -1.0 - std::log1p(std::exp(-1.0)), 1e-12);
  EXPECT_NEAR(log_probability(logits, 2), -2000.0 - std::log1p(std::exp(-1.0)), 1e-9);
}

// A model that gives the next byte the probability 1/2 after 'a', and 1/258 to everything after any other.
FakeModel half_model(std::size_t context) {
  FakeModel model(258, context);
  std::vector<float> row(258, static_cast<float>(std::log(0.5 / 257)));
  row['b'] = static_cast<float>(std::log(0.5));
  model.after['a'] = row;
  return model;
}

TEST(WindowNll, KnownProbabilitiesGiveTheExactSum) {
  const FakeModel model = half_model(100);
  const std::vector<TokenId> tokens = {'a', 'b', 'a', 'b', 'x'};
  const WindowNll whole = score_windows(model, tokens, 100, 100);
  EXPECT_EQ(whole.tokens, 4U);
  EXPECT_NEAR(whole.nll, 2 * std::log(2.0) + 2 * std::log(258.0), 1e-5);
  // This model looks back one token, so windows that overlap by one change nothing.
  for (const std::size_t window : {2, 3, 4}) {
    const WindowNll cut = score_windows(model, tokens, window, window - 1);
    EXPECT_EQ(cut.tokens, 4U) << window;
    EXPECT_NEAR(cut.nll, whole.nll, 1e-9) << window;
  }
  // Without overlap the first token of every window has nothing before it.
  const WindowNll apart = score_windows(model, tokens, 2, 2);
  EXPECT_EQ(apart.tokens, 2U);
  EXPECT_NEAR(apart.nll, 2 * std::log(2.0), 1e-5);
}

// The protocol in its plainest form: for each token, the window that scores it, read from its beginning.
double nll_by_definition(const TransformerConfig& config, const test::TensorMap& tensors,
                         const std::vector<TokenId>& tokens, std::size_t window, std::size_t stride) {
  double nll = 0;
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    std::size_t begin = 0;
    while (begin + window <= i) {
      begin += stride;
    }
    const std::vector<TokenId> seen(tokens.begin() + static_cast<std::ptrdiff_t>(begin),
                                    tokens.begin() + static_cast<std::ptrdiff_t>(i));
    const std::vector<double> logits = test::reference_logits(config, tensors, seen).back();
    double total = 0;
    for (const double logit : logits) {
      total += std::exp(logit);
    }
    nll -= logits[static_cast<std::size_t>(tokens[i])] - std::log(total);
  }
  return nll;
}

TEST(WindowNll, FollowsTheProtocol) {
  const TransformerConfig config = test::small_llama();
  const auto tensors = test::random_tensors(config, 10);
  const PlainModel model(config, tensors.source());
  std::vector<TokenId> tokens;
  for (TokenId i = 0; i < 75; ++i) {
    tokens.push_back(i * i % 37);
  }
  for (const auto& [window, stride] :
       std::map<std::size_t, std::size_t>{{75, 75}, {30, 10}, {20, 19}, {16, 4}}) {
    const WindowNll found = score_windows(model, tokens, window, stride);
    EXPECT_EQ(found.tokens, 74U);
    EXPECT_NEAR(found.nll, nll_by_definition(config, tensors, tokens, window, stride), 2e-3) << window;
  }
}

TEST(WindowNll, RefusesImpossibleWindows) {
  const FakeModel model = half_model(10);
  const std::vector<TokenId> tokens(20, 'a');
  EXPECT_THROW(score_windows(model, tokens, 11, 5), Error);
  EXPECT_THROW(score_windows(model, tokens, 1, 1), Error);
  EXPECT_THROW(score_windows(model, tokens, 10, 0), Error);
  EXPECT_THROW(score_windows(model, tokens, 10, 11), Error);
  EXPECT_THROW(score_windows(model, std::span(tokens).first(1), 10, 5), Error);
}

TEST(ContinuationScore, KnownProbabilitiesGiveTheExactScores) {
  const FakeModel model = half_model(100);
  const ByteTokenizer tokenizer;
  const std::vector<std::string> choices = {"b", "bb", "c"};
  const auto scores = score_continuations(model, tokenizer, "xa-a", choices);
  ASSERT_EQ(scores.size(), 3U);
  // "ab" is one token of this tokenizer, so it is read as one, across the border.
  EXPECT_NEAR(scores[0].log_likelihood, -std::log(258.0), 1e-5);
  EXPECT_EQ(scores[0].tokens, 1U);
  EXPECT_EQ(scores[0].bytes, 1U);
  EXPECT_EQ(scores[1].tokens, 2U);
  EXPECT_EQ(scores[1].bytes, 2U);
  EXPECT_NEAR(scores[2].log_likelihood, std::log(0.5 / 257), 1e-5);
}

TEST(ContinuationScore, SharedBeginningsChangeNothing) {
  const TransformerConfig config = test::small_llama();
  const auto tensors = test::random_tensors(config, 11);
  const PlainModel model(config, tensors.source());
  const std::vector<SplitTokens> texts = {
      {{1, 2, 3, 4, 5}, 3}, {{1, 2, 3, 9}, 3}, {{1, 2, 8, 8, 8, 8}, 2}, {{1, 2, 3, 4, 6}, 4}};
  const auto together = score_tokens(model, texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto alone = score_tokens(model, std::span(texts).subspan(i, 1));
    EXPECT_EQ(together[i].log_likelihood, alone[0].log_likelihood) << i;
    EXPECT_EQ(together[i].tokens, texts[i].ids.size() - texts[i].first);
    double wanted = 0;
    const auto logits = test::reference_logits(config, tensors, texts[i].ids);
    for (std::size_t t = texts[i].first; t < texts[i].ids.size(); ++t) {
      double total = 0;
      for (const double logit : logits[t - 1]) {
        total += std::exp(logit);
      }
      wanted += logits[t - 1][static_cast<std::size_t>(texts[i].ids[t])] - std::log(total);
    }
    EXPECT_NEAR(together[i].log_likelihood, wanted, 1e-3);
  }
}

TEST(ContinuationScore, AnEmptyContextNeedsABeginningToken) {
  ByteTokenizer tokenizer;
  EXPECT_THROW(split_continuation(tokenizer, "", "x"), Error);
  EXPECT_THROW(split_continuation(tokenizer, "x", ""), Error);
  tokenizer.bos_ = ByteTokenizer::kEnd;
  const SplitTokens split = split_continuation(tokenizer, "", "x");
  EXPECT_EQ(split.ids, (std::vector<TokenId>{ByteTokenizer::kEnd, 'x'}));
  EXPECT_EQ(split.first, 1U);
}

}  // namespace
}  // namespace everform
