#include "everform/core/decoding/generation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "architecture_rows.h"
#include "everform/core/base/error.h"
#include "everform/core/decoding/beam_search.h"
#include "everform/core/decoding/plain_model.h"
#include "fake_model.h"
#include "reference_decoder.h"

namespace everform {
namespace {

using test::ByteTokenizer;
using test::FakeModel;
using test::scripted_model;

GenerationRequest greedy_request() {
  GenerationRequest request;
  request.prompt = {'>'};
  request.sampling.temperature = 0.0;
  request.end_tokens = {ByteTokenizer::kEnd};
  return request;
}

TEST(Generate, WritesUntilTheEndToken) {
  const FakeModel model = scripted_model("Hi, you");
  const auto result = generate(model, ByteTokenizer{}, greedy_request());
  EXPECT_EQ(result.text, "Hi, you");
  EXPECT_EQ(result.finish, "stop");
  ASSERT_EQ(result.tokens.size(), 8U);
  EXPECT_EQ(result.tokens.back(), ByteTokenizer::kEnd);
  EXPECT_GT(result.prefill_tokens_per_second, 0);
  EXPECT_GT(result.decode_tokens_per_second, 0);
}

TEST(Generate, EndsAtTheLength) {
  auto request = greedy_request();
  request.max_tokens = 3;
  const auto result = generate(scripted_model("Hi, you"), ByteTokenizer{}, request);
  EXPECT_EQ(result.text, "Hi,");
  EXPECT_EQ(result.finish, "length");
  request.max_tokens = 0;
  EXPECT_TRUE(generate(scripted_model("Hi"), ByteTokenizer{}, request).tokens.empty());
}

TEST(Generate, StopStringsAreNeverStreamed) {
  auto request = greedy_request();
  request.stop = {"p,"};
  std::string streamed;
  request.on_text = [&](std::string_view piece) {
    streamed += piece;
    EXPECT_EQ(streamed.find("p,"), std::string::npos);
  };
  const auto result = generate(scripted_model("Help, Now"), ByteTokenizer{}, request);
  EXPECT_EQ(result.text, "Hel");
  EXPECT_EQ(streamed, "Hel");
  EXPECT_EQ(result.finish, "stop");
  EXPECT_EQ(result.tokens.back(), ',');
}

TEST(Generate, TheContextIsRespected) {
  const FakeModel model = scripted_model("abcdefgh", 5);
  const auto result = generate(model, ByteTokenizer{}, greedy_request());
  EXPECT_EQ(result.tokens.size(), 4U);
  EXPECT_EQ(result.finish, "length");

  auto request = greedy_request();
  request.prompt.assign(5, '>');
  EXPECT_THROW(generate(model, ByteTokenizer{}, request), Error);
  request.prompt.clear();
  EXPECT_THROW(generate(model, ByteTokenizer{}, request), Error);
}

TEST(Generate, ASampleDependsOnSeedAndSampleOnly) {
  const FakeModel model(258, 1000);  // all tokens alike
  auto request = greedy_request();
  request.sampling.temperature = 1.0;
  request.end_tokens.clear();
  request.max_tokens = 40;
  const auto first = generate(model, ByteTokenizer{}, request).tokens;
  EXPECT_EQ(generate(model, ByteTokenizer{}, request).tokens, first);
  // Going on from a sample's own beginning draws the same rest: a draw depends on its position alone.
  auto later = request;
  later.prompt.insert(later.prompt.end(), first.begin(), first.begin() + 10);
  later.max_tokens = 30;
  EXPECT_EQ(generate(model, ByteTokenizer{}, later).tokens,
            std::vector<TokenId>(first.begin() + 10, first.end()));
  request.sample = 1;
  EXPECT_NE(generate(model, ByteTokenizer{}, request).tokens, first);
  request.sample = 0;
  request.seed = 1;
  EXPECT_NE(generate(model, ByteTokenizer{}, request).tokens, first);
}

TEST(Generate, APromptCacheReadsOnlyWhatIsNew) {
  const TransformerConfig config = test::small_llama();
  const auto tensors = test::random_tensors(config, 8);
  const PlainModel model(config, tensors.source());
  const ByteTokenizer tokenizer;
  GenerationRequest request;
  request.prompt = {1, 2, 3, 4, 5};
  request.max_tokens = 6;
  PromptCache cache;
  const auto first = generate(model, tokenizer, request, &cache);
  EXPECT_EQ(first.tokens, generate(model, tokenizer, request).tokens);
  // The next turn begins like the last one, then differs.
  request.prompt = {1, 2, 3, 4, 5, first.tokens[0], 9, 9};
  EXPECT_EQ(generate(model, tokenizer, request, &cache).tokens, generate(model, tokenizer, request).tokens);
  // The same prompt again.
  EXPECT_EQ(generate(model, tokenizer, request, &cache).tokens, generate(model, tokenizer, request).tokens);

  const FakeModel fake(258, 1000);
  PromptCache fake_cache;
  request.prompt.assign(100, 'x');
  request.max_tokens = 1;
  generate(fake, tokenizer, request, &fake_cache);
  EXPECT_EQ(fake.fed, 100U);
  request.prompt.push_back('y');
  generate(fake, tokenizer, request, &fake_cache);
  EXPECT_EQ(fake.fed, 101U);
}

TEST(Generate, DamagedWeightsAreAnError) {
  TransformerConfig config = test::small_llama();
  auto tensors = test::random_tensors(config, 8);
  tensors.tensors.at("model.layers.0.mlp.up_proj.weight").values[5] = std::nanf("");
  const PlainModel model(config, tensors.source());
  GenerationRequest request;
  request.prompt = {1};
  try {
    generate(model, ByteTokenizer{}, request);
    FAIL() << "text was generated from NaN";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kFailed);
  }
}

// Log-probabilities of a small tree: 'a' looks best at first, but every continuation of it is unlikely.
FakeModel garden_path() {
  FakeModel model(258, 100);
  const auto row = [&](std::map<TokenId, double> p) {
    std::vector<float> logits(258, -std::numeric_limits<float>::infinity());
    for (const auto& [token, probability] : p) {
      logits[static_cast<std::size_t>(token)] = static_cast<float>(std::log(probability));
    }
    return logits;
  };
  model.after['>'] = row({{'a', 0.6}, {'b', 0.4}});
  model.after['a'] = row({{'c', 0.34}, {'d', 0.33}, {'e', 0.33}});
  model.after['b'] = row({{'f', 0.9}, {'g', 0.1}});
  for (const char last : {'c', 'd', 'e', 'f', 'g'}) {
    model.after[last] = row({{ByteTokenizer::kEnd, 1.0}});
  }
  return model;
}

TEST(BeamSearch, FindsTheLikelierPathThatGreedyMisses) {
  const FakeModel model = garden_path();
  EXPECT_EQ(generate(model, ByteTokenizer{}, greedy_request()).text, "ac");
  const auto found = beam_search(model, ByteTokenizer{}, greedy_request(), {.beams = 2});
  EXPECT_EQ(found.text, "bf");
  EXPECT_EQ(found.finish, "stop");
  EXPECT_EQ(found.tokens.back(), ByteTokenizer::kEnd);
  EXPECT_EQ(beam_search(model, ByteTokenizer{}, greedy_request(), {.beams = 1}).text, "ac");
}

TEST(BeamSearch, OneBeamIsGreedyAndManyBeamsAreExhaustive) {
  TransformerConfig config = test::small_llama();
  config.vocabulary = 6;
  const auto tensors = test::random_tensors(config, 9);
  const PlainModel model(config, tensors.source());
  const ByteTokenizer tokenizer;
  auto request = greedy_request();
  request.prompt = {3, 1};
  request.end_tokens.clear();
  request.max_tokens = 3;
  EXPECT_EQ(beam_search(model, tokenizer, request, {.beams = 1}).tokens,
            generate(model, tokenizer, request).tokens);

  // 36 beams keep every path of two tokens, so the best of 216 of three must be found.
  std::vector<TokenId> best;
  double best_log_p = -1e30;
  for (TokenId path = 0; path < 216; ++path) {
    const std::vector<TokenId> tokens = {3, 1, path / 36, path / 6 % 6, path % 6};
    const auto logits = test::reference_logits(config, tensors, tokens);
    double log_p = 0;
    for (std::size_t i = 2; i < 5; ++i) {
      double total = 0;
      for (const double logit : logits[i - 1]) {
        total += std::exp(logit);
      }
      log_p += logits[i - 1][static_cast<std::size_t>(tokens[i])] - std::log(total);
    }
    if (log_p > best_log_p) {
      best_log_p = log_p;
      best.assign(tokens.begin() + 2, tokens.end());
    }
  }
  EXPECT_EQ(beam_search(model, tokenizer, request, {.beams = 36}).tokens, best);
}

TEST(BeamSearch, EndTokensOnlyLeaveNothingOpen) {
  FakeModel model(258, 100);
  std::vector<float> row(258, -std::numeric_limits<float>::infinity());
  row[ByteTokenizer::kEnd] = 0.0F;
  model.after['>'] = row;
  const auto result = beam_search(model, ByteTokenizer{}, greedy_request(), {.beams = 4});
  EXPECT_EQ(result.tokens, (std::vector<TokenId>{ByteTokenizer::kEnd}));
  EXPECT_EQ(result.text, "");
}

TEST(BeamSearch, RefusesImpossibleWidths) {
  const FakeModel model = garden_path();
  EXPECT_THROW(beam_search(model, ByteTokenizer{}, greedy_request(), {.beams = 0}), Error);
  EXPECT_THROW(beam_search(model, ByteTokenizer{}, greedy_request(), {.beams = 65}), Error);
}

}  // namespace
}  // namespace everform
