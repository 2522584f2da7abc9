#include "everform/core/decoding/speculation.h"

#include <gtest/gtest.h>

#include <limits>

#include "architecture_rows.h"
#include "everform/core/decoding/constraints/constraint.h"
#include "everform/core/decoding/plain_model.h"
#include "fake_model.h"
#include "reference_decoder.h"

namespace everform {
namespace {

using test::ByteTokenizer;
using Tokens = std::vector<TokenId>;

TEST(NgramDrafter, GoesOnAsTheLongestRepetitionDid) {
  NgramDrafter drafter(2);
  EXPECT_EQ(drafter.draft(Tokens{1, 2, 3, 4, 5, 9, 2, 3}, 2), (Tokens{4, 5}));
  EXPECT_EQ(drafter.draft(Tokens{1, 2, 3, 4, 5, 9, 2, 3}, 9), (Tokens{4, 5, 9, 2, 3}));
  // The longer of two, and of equal ones the later.
  EXPECT_EQ(drafter.draft(Tokens{1, 2, 3, 7, 0, 2, 3, 8, 1, 2, 3}, 1), (Tokens{7}));
  EXPECT_EQ(drafter.draft(Tokens{2, 3, 7, 0, 2, 3, 8, 1, 2, 3}, 1), (Tokens{8}));
  // A repetition may overlap itself.
  EXPECT_EQ(drafter.draft(Tokens{5, 5, 5, 5}, 3), (Tokens{5}));
  EXPECT_TRUE(drafter.draft(Tokens{1, 2, 3, 1}, 3).empty());
  EXPECT_TRUE(drafter.draft(Tokens{1}, 3).empty());
  EXPECT_TRUE(drafter.draft({}, 3).empty());
}

// Guesses that are wrong at random places.
class ClumsyDrafter : public Drafter {
 public:
  explicit ClumsyDrafter(Tokens truth) : truth_(std::move(truth)) {}
  Tokens draft(std::span<const TokenId> context, std::size_t count) override {
    Tokens tokens;
    for (std::size_t i = context.size(); i < truth_.size() && tokens.size() < count; ++i) {
      RandomStream random(1, "clumsy", context.size(), i);
      tokens.push_back(random.bernoulli(0.7) ? truth_[i] : 0);
    }
    return tokens;
  }

 private:
  Tokens truth_;
};

struct Setting {
  const char* name;
  void (*change)(GenerationRequest&);
};

TEST(Speculation, NeverChangesTheText) {
  const TransformerConfig config = test::small_llama();
  const auto tensors = test::random_tensors(config, 8);
  const PlainModel model(config, tensors.source());
  const auto draft_tensors = test::random_tensors(config, 9);
  const auto other = std::make_shared<PlainModel>(config, draft_tensors.source());
  const auto same = std::make_shared<PlainModel>(config, tensors.source());
  const std::vector<Setting> settings = {
      {"greedy", [](GenerationRequest& r) { r.sampling.temperature = 0; }},
      {"sampling", [](GenerationRequest&) {}},
      {"penalties",
       [](GenerationRequest& r) {
         r.sampling.repetition_penalty = 1.5;
         r.sampling.dry_multiplier = 1;
       }},
      {"xtc",
       [](GenerationRequest& r) {
         r.sampling.xtc_probability = 0.5;
         r.sampling.xtc_threshold = 0.05;
       }},
      {"mirostat",
       [](GenerationRequest& r) {
         r.sampling.mirostat_tau = 3;
         r.sampling.mirostat_eta = 0.3;
       }},
      {"end", [](GenerationRequest& r) { r.end_tokens = {3, 4, 5}; }},
      {"stop", [](GenerationRequest& r) { r.stop = {"\x07"}; }},
  };
  for (const Setting& setting : settings) {
    GenerationRequest request;
    request.prompt = {1, 2, 3, 1, 2, 3, 1, 2};
    request.max_tokens = 30;
    request.sampling.temperature = 1.0;
    request.seed = 5;
    setting.change(request);
    const auto plain = generate(model, ByteTokenizer{}, request);
    Tokens truth = request.prompt;
    truth.insert(truth.end(), plain.tokens.begin(), plain.tokens.end());
    const std::vector<std::shared_ptr<Drafter>> drafters = {
        std::make_shared<NgramDrafter>(1), std::make_shared<ClumsyDrafter>(truth),
        std::make_shared<ModelDrafter>(other, request.sampling, request.seed),
        std::make_shared<ModelDrafter>(same, request.sampling, request.seed)};
    for (std::size_t d = 0; d < drafters.size(); ++d) {
      for (const std::size_t most : {1, 3, 8}) {
        request.drafter = drafters[d];
        request.draft_tokens = most;
        PromptCache cache;
        const auto guessed = generate(model, ByteTokenizer{}, request, &cache);
        EXPECT_EQ(guessed.tokens, plain.tokens) << setting.name << ", drafter " << d << ", " << most;
        EXPECT_EQ(guessed.text, plain.text);
        EXPECT_EQ(guessed.finish, plain.finish);
        EXPECT_LE(guessed.accepted, guessed.drafted);
        EXPECT_EQ(cache.state->length(), cache.tokens.size());
        // The cache is fit for a next turn.
        GenerationRequest next = request;
        next.prompt = truth;
        next.drafter = nullptr;
        EXPECT_EQ(generate(model, ByteTokenizer{}, next, &cache).tokens,
                  generate(model, ByteTokenizer{}, next).tokens);
      }
    }
  }
}

TEST(Speculation, TheSameModelAsDraftIsAlwaysRight) {
  const TransformerConfig config = test::small_llama();
  const auto tensors = test::random_tensors(config, 8);
  const auto model = std::make_shared<PlainModel>(config, tensors.source());
  GenerationRequest request;
  request.prompt = {1, 2, 3};
  request.max_tokens = 25;
  request.draft_tokens = 4;
  request.drafter = std::make_shared<ModelDrafter>(model, request.sampling, request.seed);
  const auto result = generate(*model, ByteTokenizer{}, request);
  EXPECT_EQ(result.accepted, result.drafted);
  // 25 tokens: one from the prompt, then five a call.
  EXPECT_EQ(result.model_calls, 5U);
}

TEST(Speculation, ARepeatedTextTakesFewCalls) {
  // After each token comes the next of a cycle of 40, for certain.
  test::FakeModel model(258, 1000);
  GenerationRequest request;
  for (TokenId token = 0; token < 40; ++token) {
    std::vector<float> row(258, 0.0F);
    row[static_cast<std::size_t>((token + 1) % 40)] = 100.0F;
    model.after[token] = row;
    request.prompt.push_back(token);
  }
  request.prompt.push_back(0);
  request.prompt.push_back(1);
  request.sampling.temperature = 0.0;
  request.max_tokens = 36;
  request.drafter = std::make_shared<NgramDrafter>();
  const auto result = generate(model, ByteTokenizer{}, request);
  EXPECT_EQ(result.tokens.size(), 36U);
  EXPECT_EQ(result.tokens.back(), 37);
  EXPECT_LE(result.model_calls, 5U);
}

// Allows what `rule` says; looks at the context alone.
class OnlyEven : public Constraint {
 public:
  std::unique_ptr<LogitsProcessor> begin(std::size_t /*prompt_tokens*/) const override {
    struct Processor : LogitsProcessor {
      void apply(std::span<const TokenId> /*context*/, std::span<float> logits) override {
        for (std::size_t i = 1; i < logits.size(); i += 2) {
          logits[i] = -std::numeric_limits<float>::infinity();
        }
      }
    };
    return std::make_unique<Processor>();
  }
};

TEST(Speculation, AConstraintHoldsWithAndWithoutGuesses) {
  const TransformerConfig config = test::small_llama();
  const auto tensors = test::random_tensors(config, 8);
  const PlainModel model(config, tensors.source());
  for (const double temperature : {0.0, 1.0}) {
    for (const double top_p : {1.0, 0.3}) {
      GenerationRequest request;
      request.prompt = {1, 2, 3, 2, 3, 2};
      request.max_tokens = 20;
      request.sampling.temperature = temperature;
      request.sampling.top_p = top_p;
      request.constraint = std::make_shared<OnlyEven>();
      const auto plain = generate(model, ByteTokenizer{}, request);
      for (const TokenId token : plain.tokens) {
        EXPECT_EQ(token % 2, 0);
      }
      request.drafter = std::make_shared<NgramDrafter>(1);
      EXPECT_EQ(generate(model, ByteTokenizer{}, request).tokens, plain.tokens);
    }
  }
}

}  // namespace
}  // namespace everform
