// The bundled model's vocabulary, with random logits in the place of the model.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "constraint_test_support.h"
#include "json_validator.h"
#include "sample_schemas.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

// nullptr where the model is not there.
const ConstraintVocabulary* smollm2() {
  static const auto vocabulary = []() -> std::unique_ptr<ConstraintVocabulary> {
    const auto folder = test::bundled_models() / "smollm2-135m-instruct";
    if (!std::filesystem::exists(folder)) {
      return nullptr;
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.path().extension() == ".gguf") {
        std::shared_ptr<const Tokenizer> tokenizer = load_tokenizer(entry.path());
        return std::make_unique<ConstraintVocabulary>(
            ConstraintVocabulary{tokenizer, {tokenizer->find_piece("<|im_end|>").value()}});
      }
    }
    return nullptr;
  }();
  return vocabulary.get();
}

#define EVERFORM_NEEDS_SMOLLM2()                               \
  if (smollm2() == nullptr) {                                  \
    GTEST_SKIP() << "needs the bundled smollm2-135m-instruct"; \
  }

TEST(RandomGenerations, AThousandTextsOverTwentySchemasValidate) {
  EVERFORM_NEEDS_SMOLLM2();
  ASSERT_EQ(test::sample_schemas().size(), 20U);
  std::size_t ended = 0;
  for (const std::string& text : test::sample_schemas()) {
    const auto constraint = json_schema_constraint(nlohmann::ordered_json::parse(text), *smollm2());
    const auto schema = nlohmann::json::parse(text);
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const auto written = test::write_at_random(*constraint, *smollm2(), seed, 600);
      ended += written.ended ? 1 : 0;
      ASSERT_EQ(test::invalid_text(written.text, schema), "") << text << "\n" << written.text;
    }
  }
  EXPECT_EQ(ended, 1000U);
}

TEST(RandomGenerations, AnyJsonParses) {
  EVERFORM_NEEDS_SMOLLM2();
  const auto constraint = any_json_constraint(*smollm2());
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto written = test::write_at_random(*constraint, *smollm2(), seed, 600);
    EXPECT_TRUE(written.ended);
    EXPECT_TRUE(nlohmann::json::parse(written.text, nullptr, false).is_object()) << written.text;
  }
}

TEST(RandomGenerations, MasksAgreeWithTryingEveryToken) {
  EVERFORM_NEEDS_SMOLLM2();
  const Tokenizer& tokenizer = *smollm2()->tokenizer;
  const auto constraint =
      json_schema_constraint(nlohmann::ordered_json::parse(test::sample_schemas()[19]), *smollm2());
  const ConstraintVocabulary bytes = test::byte_vocabulary();
  const auto by_bytes =
      json_schema_constraint(nlohmann::ordered_json::parse(test::sample_schemas()[19]), bytes);
  for (const std::string begun : {"", "{\"title", "{\"title\": \"ab",
                                  "{\"title\": \"ab\", \"tags\": [\"new\"", "{\"title\":\"\",\"price\":1"}) {
    const auto fast = constraint->begin(0);
    std::vector<TokenId> context;
    for (const TokenId token : tokenizer.encode_ids(begun)) {
      context.push_back(token);
    }
    std::vector<float> logits(tokenizer.vocabulary_size(), 0.0F);
    fast->apply(context, logits);
    std::vector<TokenId> begun_bytes;
    for (const char byte : begun) {
      begun_bytes.push_back(static_cast<unsigned char>(byte));
    }
    const auto slow = by_bytes->begin(0);
    for (std::size_t id = 0; id < logits.size(); id += 13) {
      const std::string text = tokenizer.token_bytes(static_cast<TokenId>(id));
      bool fits = !text.empty() && !tokenizer.is_special(static_cast<TokenId>(id));
      std::vector<TokenId> at = begun_bytes;
      for (std::size_t i = 0; i < text.size() && fits; ++i) {
        const TokenId byte = static_cast<unsigned char>(text[i]);
        fits = test::allows(*slow, at, byte, 258);
        at.push_back(byte);
      }
      EXPECT_EQ(!std::isinf(logits[id]), fits) << begun << " then \"" << text << '"';
    }
  }
}

TEST(RandomGenerations, RegexAndGrammarAreKept) {
  EVERFORM_NEEDS_SMOLLM2();
  const auto date = regex_constraint("(19|20)\\d\\d-(0[1-9]|1[0-2])-\\p{Lu}{2,4}", *smollm2());
  const auto sums = grammar_constraint(
      "root ::= sum \".\"\nsum ::= term ([-+*] term){0,5}\nterm ::= [0-9]{1,4} | \"(\" sum \")\"",
      *smollm2());
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::string text = test::write_at_random(*date, *smollm2(), seed, 100).text;
    EXPECT_TRUE(test::accepts(
        *regex_constraint("(19|20)\\d\\d-(0[1-9]|1[0-2])-\\p{Lu}{2,4}", test::byte_vocabulary()), text))
        << text;
    EXPECT_FALSE(test::write_at_random(*sums, *smollm2(), seed, 200).text.empty());
  }
}

void print_times(const char* what, std::vector<double> micros) {
  std::sort(micros.begin(), micros.end());
  double sum = 0;
  for (const double value : micros) {
    sum += value;
  }
  std::printf("%s: median %.1f us, mean %.1f us, p99 %.1f us, largest %.1f us over %zu masks\n", what,
              micros[micros.size() / 2], sum / static_cast<double>(micros.size()),
              micros[micros.size() * 99 / 100], micros.back(), micros.size());
}

// Not a test of speed: prints what a mask takes, so that a run on a quiet machine can be read. The first text
// under a schema works the masks of its states out, later ones find them.
TEST(RandomGenerations, PrintsTheTimeOfAMask) {
  EVERFORM_NEEDS_SMOLLM2();
  std::vector<double> first;
  std::vector<double> later;
  std::vector<float> logits(smollm2()->tokenizer->vocabulary_size());
  using Clock = std::chrono::steady_clock;
  for (const std::string& text : test::sample_schemas()) {
    const auto schema = nlohmann::ordered_json::parse(text);
    const auto constraint = json_schema_constraint(schema, *smollm2());
    const auto timed = json_schema_constraint(schema, *smollm2());
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
      const auto written = test::write_at_random(*constraint, *smollm2(), seed, 600);
      const auto processor = timed->begin(0);
      std::vector<TokenId> context;
      for (const TokenId token : written.ids) {
        std::fill(logits.begin(), logits.end(), 0.0F);
        const auto start = Clock::now();
        processor->apply(context, logits);
        (seed == 0 ? first : later)
            .push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
        context.push_back(token);
      }
    }
  }
  print_times("first texts", first);
  print_times("later texts", later);
  first.insert(first.end(), later.begin(), later.end());
  print_times("all texts", first);
}

}  // namespace
}  // namespace everform
