#include "everform/core/decoding/logits_processor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>

#include "everform/core/base/error.h"
#include "everform/core/decoding/log_probabilities.h"
#include "everform/core/decoding/token_penalties.h"
#include "everform/core/decoding/token_truncations.h"

namespace everform {
namespace {

constexpr float kOut = -std::numeric_limits<float>::infinity();

std::vector<float> logs(const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (const double p : probabilities) {
    logits.push_back(static_cast<float>(std::log(p)));
  }
  return logits;
}

std::vector<std::size_t> kept(const std::vector<float>& logits) {
  std::vector<std::size_t> ids;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (!std::isinf(logits[i])) {
      ids.push_back(i);
    }
  }
  return ids;
}

using Ids = std::vector<std::size_t>;

TEST(Temperature, DividesLogits) {
  std::vector<float> logits = {1.0F, -2.0F, kOut};
  Temperature(0.5).apply({}, logits);
  EXPECT_EQ(logits, (std::vector<float>{2.0F, -4.0F, kOut}));
}

TEST(TopK, KeepsTheLikeliestAndOfEqualOnesTheFirst) {
  std::vector<float> logits = {1, 3, 2, 3, 2, 0};
  TopK(3).apply({}, logits);
  EXPECT_EQ(kept(logits), (Ids{1, 2, 3}));
  EXPECT_EQ(logits[1], 3.0F);
  TopK(100).apply({}, logits);
  EXPECT_EQ(kept(logits), (Ids{1, 2, 3}));
}

TEST(TopK, WorksBeyondTheFirstSortedRun) {
  std::vector<float> logits(1000);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    logits[i] = static_cast<float>((i * 617) % 1000);
  }
  TopK(300).apply({}, logits);
  const Ids ids = kept(logits);
  EXPECT_EQ(ids.size(), 300U);
  for (const std::size_t id : ids) {
    EXPECT_GE((id * 617) % 1000, 700U);
  }
}

TEST(TopP, KeepsTheSmallestSetThatReachesTheMass) {
  const auto logits = logs({0.1, 0.5, 0.25, 0.15});
  for (const auto& [p, wanted] : std::map<double, Ids>{
           {0.3, {1}}, {0.49, {1}}, {0.6, {1, 2}}, {0.8, {1, 2, 3}}, {0.95, {0, 1, 2, 3}}}) {
    auto cut = logits;
    TopP(p).apply({}, cut);
    EXPECT_EQ(kept(cut), wanted) << p;
  }
}

TEST(MinP, KeepsAShareOfTheLikeliest) {
  auto logits = logs({0.5, 0.26, 0.14, 0.1});
  MinP(0.25).apply({}, logits);
  EXPECT_EQ(kept(logits), (Ids{0, 1, 2}));
  MinP(1.0).apply({}, logits);
  EXPECT_EQ(kept(logits), (Ids{0}));
}

TEST(TypicalP, PrefersTokensWhoseSurpriseIsTheEntropy) {
  // Entropy 1.28 nats; surprises 0.69, 1.39, 2.08, 2.08: the second is the most typical, then the first.
  const std::vector<double> p = {0.5, 0.25, 0.125, 0.125};
  auto logits = logs(p);
  TypicalP(0.2).apply({}, logits);
  EXPECT_EQ(kept(logits), (Ids{1}));
  logits = logs(p);
  TypicalP(0.7).apply({}, logits);
  EXPECT_EQ(kept(logits), (Ids{0, 1}));
}

TEST(TypicalP, TokensRuledOutStayOut) {
  std::vector<float> logits = {0.0F, kOut, 0.0F};
  TypicalP(0.99).apply({}, logits);
  EXPECT_EQ(kept(logits), (Ids{0, 2}));
}

TEST(RepetitionPenalty, ShrinksBothSignsInTheWindowOnly) {
  std::vector<float> logits = {2.0F, -2.0F, 2.0F, -2.0F};
  RepetitionPenalty(2.0, 3).apply(std::vector<TokenId>{3, 0, 1, 0}, logits);
  EXPECT_EQ(logits, (std::vector<float>{1.0F, -4.0F, 2.0F, -2.0F}));
}

TEST(OccurrencePenalty, CountsOccurrences) {
  std::vector<float> logits = {0, 0, 0};
  OccurrencePenalty(1.0, 0.25, 100).apply(std::vector<TokenId>{0, 1, 0, 0}, logits);
  EXPECT_EQ(logits, (std::vector<float>{-1.75F, -1.25F, 0.0F}));
}

// The definition, in quadratic time.
std::map<TokenId, std::size_t> longest_repeats(const std::vector<TokenId>& context) {
  std::map<TokenId, std::size_t> longest;
  for (std::size_t next = 1; next < context.size(); ++next) {
    std::size_t n = 0;
    while (n < next && context[next - 1 - n] == context[context.size() - 1 - n]) {
      ++n;
    }
    longest[context[next]] = std::max(longest[context[next]], n);
  }
  return longest;
}

TEST(DryPenalty, FollowsItsDefinition) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    RandomStream random(seed, "dry");
    std::vector<TokenId> context;
    for (std::size_t i = 0; i < 60; ++i) {
      context.push_back(static_cast<TokenId>(random.below(seed % 4 + 1)));
    }
    std::vector<float> logits(8, 0.0F);
    DryPenalty(0.5, 1.5, 2).apply(context, logits);
    std::vector<float> wanted(8, 0.0F);
    for (const auto& [token, n] : longest_repeats(context)) {
      if (n >= 2) {
        wanted[static_cast<std::size_t>(token)] =
            static_cast<float>(-0.5 * std::pow(1.5, static_cast<double>(n) - 2));
      }
    }
    for (std::size_t i = 0; i < 8; ++i) {
      EXPECT_FLOAT_EQ(logits[i], wanted[i]) << "seed " << seed << " token " << i;
    }
  }
}

TEST(DryPenalty, ALongRepetitionForbidsNothing) {
  const std::vector<TokenId> context(5000, 1);
  std::vector<float> logits = {0.0F, 0.0F};
  DryPenalty(1.0, 1.75, 2).apply(context, logits);
  EXPECT_TRUE(std::isfinite(logits[1]));
  EXPECT_LT(logits[1], -1e30F);
  EXPECT_EQ(logits[0], 0.0F);
}

TEST(ExcludeTopChoices, RemovesAllTopChoicesButTheLeastLikely) {
  const std::vector<double> p = {0.05, 0.4, 0.3, 0.2, 0.05};
  auto logits = logs(p);
  ExcludeTopChoices(0.1, 1.0, 0, 0).apply({}, logits);
  EXPECT_EQ(kept(logits), (Ids{0, 3, 4}));
  // One top choice is not excluded, and none is where all are below the threshold.
  logits = logs(p);
  ExcludeTopChoices(0.35, 1.0, 0, 0).apply({}, logits);
  EXPECT_EQ(kept(logits), (Ids{0, 1, 2, 3, 4}));
  ExcludeTopChoices(0.5, 1.0, 0, 0).apply({}, logits);
  EXPECT_EQ(kept(logits), (Ids{0, 1, 2, 3, 4}));
}

TEST(ExcludeTopChoices, HappensWithItsProbabilityKeyedByPosition) {
  constexpr std::size_t kPlaces = 2000;
  std::size_t excluded = 0;
  for (std::size_t n = 0; n < kPlaces; ++n) {
    const std::vector<TokenId> context(n, 0);
    auto logits = logs({0.5, 0.4, 0.1});
    ExcludeTopChoices(0.2, 0.25, 7, 0).apply(context, logits);
    auto again = logs({0.5, 0.4, 0.1});
    ExcludeTopChoices(0.2, 0.25, 7, 0).apply(context, again);
    EXPECT_EQ(logits, again);
    excluded += std::isinf(logits[0]) ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(excluded), kPlaces * 0.25, 5 * std::sqrt(kPlaces * 0.25 * 0.75));
}

TEST(Mirostat, FollowsTheAlgorithmByHand) {
  // Surprises 1, 2, 3, 3 bits; mu begins at 2 tau = 2.1.
  Mirostat mirostat(1.05, 0.5);
  const std::vector<double> p = {0.5, 0.25, 0.125, 0.125};
  auto logits = logs(p);
  mirostat.apply(std::vector<TokenId>{9}, logits);
  EXPECT_EQ(kept(logits), (Ids{0, 1}));
  // Token 1 has 1/3 of what stayed: log2(3) bits, so mu = 2.1 - 0.5 (1.585 - 1.05).
  logits = logs(p);
  mirostat.apply(std::vector<TokenId>{9, 1}, logits);
  EXPECT_NEAR(mirostat.mu(), 2.1 - 0.5 * (std::log2(3.0) - 1.05), 1e-6);
  EXPECT_EQ(kept(logits), (Ids{0}));
  // Token 0 alone has no surprise: mu grows by 0.525.
  mirostat.apply(std::vector<TokenId>{9, 1, 0}, logits);
  EXPECT_NEAR(mirostat.mu(), 2.625 - 0.5 * (std::log2(3.0) - 1.05), 1e-6);
}

TEST(Mirostat, KeepsTheLikeliestAndBeginsAnewWithAnotherText) {
  Mirostat mirostat(0.05, 1.0);
  auto logits = logs({0.2, 0.3, 0.25, 0.25});
  mirostat.apply(std::vector<TokenId>{1}, logits);
  EXPECT_EQ(kept(logits), (Ids{1}));
  mirostat.apply(std::vector<TokenId>{1, 1}, logits);
  EXPECT_GT(mirostat.mu(), 0.1);
  mirostat.apply(std::vector<TokenId>{1, 1, 1, 1, 1}, logits);
  EXPECT_DOUBLE_EQ(mirostat.mu(), 0.1);
}

TEST(Mirostat, SteersTheSurpriseToItsTarget) {
  // 256 tokens with a long tail; the mean surprise of draws comes to tau.
  std::vector<double> p;
  for (int i = 0; i < 256; ++i) {
    p.push_back(1.0 / (i + 1));
  }
  Mirostat mirostat(3.0, 0.1);
  std::vector<TokenId> context = {0};
  double bits = 0;
  constexpr int kDraws = 1500;
  for (int i = 0; i < kDraws; ++i) {
    auto logits = logs(p);
    mirostat.apply(context, logits);
    RandomStream random(3, "sampling", context.size());
    context.push_back(draw_token(logits, 1.0, random));
    bits -= log_probability(logits, context.back()) / std::log(2.0);
  }
  EXPECT_NEAR(bits / kDraws, 3.0, 0.1);
}

TEST(MakeProcessors, PenaltiesComeFirstAndGreedyNeedsNoTruncation) {
  SamplingOptions options;
  options.temperature = 0.0;
  options.top_k = 5;
  EXPECT_TRUE(make_processors(options).empty());
  options.repetition_penalty = 2.0;
  const auto greedy = make_processors(options);
  ASSERT_EQ(greedy.size(), 1U);

  options.temperature = 0.5;
  options.top_k = 1;
  std::vector<float> logits = {3.0F, 2.0F};
  for (const auto& processor : make_processors(options)) {
    processor->apply(std::vector<TokenId>{0}, logits);
  }
  EXPECT_EQ(logits, (std::vector<float>{kOut, 4.0F}));
}

TEST(ValidateSampling, NamesTheOptionAndItsRange) {
  const auto refuses = [](const char* option, auto change) {
    SamplingOptions options;
    change(options);
    try {
      validate(options);
      ADD_FAILURE() << option << " was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_NE(error.where().find(std::string("--") + option), std::string::npos) << error.what();
    }
  };
  EXPECT_NO_THROW(validate(SamplingOptions{}));
  refuses("temperature", [](auto& o) { o.temperature = -0.1; });
  refuses("temperature", [](auto& o) { o.temperature = std::nan(""); });
  refuses("top-k", [](auto& o) { o.top_k = -1; });
  refuses("top-p", [](auto& o) { o.top_p = 0.0; });
  refuses("min-p", [](auto& o) { o.min_p = 1.5; });
  refuses("typical", [](auto& o) { o.typical_p = 2.0; });
  refuses("repetition-penalty", [](auto& o) { o.repetition_penalty = 0.0; });
  refuses("xtc-probability", [](auto& o) { o.xtc_probability = 1.1; });
  refuses("xtc-threshold", [](auto& o) { o.xtc_threshold = 0.0; });
  refuses("mirostat-tau", [](auto& o) { o.mirostat_tau = -1.0; });
  refuses("mirostat-eta", [](auto& o) { o.mirostat_eta = 0.0; });
  refuses("dry-base", [](auto& o) { o.dry_base = 0.5; });
  refuses("dry-allowed-length", [](auto& o) { o.dry_allowed_length = 0; });
}

TEST(DrawToken, GreedyTakesTheFirstOfEquals) {
  RandomStream random(0, "sampling");
  EXPECT_EQ(draw_token(std::vector<float>{1, 5, 2, 5}, 0.0, random), 1);
}

TEST(DrawToken, FrequenciesFollowTheSoftmax) {
  const auto logits = logs({0.2, 0.5, 0.3});
  std::vector<int> counts(3, 0);
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    RandomStream random(1, "sampling", static_cast<std::uint64_t>(i));
    ++counts[static_cast<std::size_t>(draw_token(logits, 1.0, random))];
  }
  // Five standard deviations of a binomial count.
  for (const auto& [token, p] : std::map<std::size_t, double>{{0, 0.2}, {1, 0.5}, {2, 0.3}}) {
    EXPECT_NEAR(counts[token], kDraws * p, 5 * std::sqrt(kDraws * p * (1 - p)));
  }
}

TEST(DrawToken, NeverDrawsWhatIsRuledOut) {
  const std::vector<float> logits = {kOut, 0.0F, kOut, 0.0F, kOut};
  for (std::uint64_t i = 0; i < 200; ++i) {
    RandomStream random(i, "sampling");
    EXPECT_EQ(draw_token(logits, 1.0, random) % 2, 1);
  }
}

TEST(DrawToken, NotANumberIsAnError) {
  RandomStream random(0, "sampling");
  for (const float bad : {std::nanf(""), std::numeric_limits<float>::infinity()}) {
    for (const double temperature : {0.0, 1.0}) {
      try {
        draw_token(std::vector<float>{0.0F, bad, 1.0F}, temperature, random);
        ADD_FAILURE() << "drew from " << bad;
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kFailed);
      }
    }
  }
  EXPECT_THROW(draw_token(std::vector<float>{kOut, kOut}, 1.0, random), Error);
}

}  // namespace
}  // namespace everform
