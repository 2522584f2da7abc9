// Encoding and decoding as inverses, on megabytes and from several threads; what long texts cost.
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "everform/core/base/atomic_file.h"
#include "everform/core/text/tokenizer.h"
#include "everform/core/text/tokenizer_training.h"
#include "tests/core/text/random_text.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

// Ten megabytes: sentences of many scripts, code, runs of one character, random characters.
const std::string& mixed_text() {
  static const std::string text = [] {
    const nlohmann::json document =
        nlohmann::json::parse(read_file("tests/core/text/data/published_answers.json"));
    std::string out;
    for (std::uint64_t part = 0; out.size() < 10'000'000; ++part) {
      RandomStream random(11, "mixed", 0, part);
      const auto& texts = document.at("texts");
      for (int i = 0; i < 40; ++i) {
        out += texts[random.below(texts.size())].get<std::string>();
        out += random.bernoulli(0.5) ? " " : "\n";
      }
      // SmolLM2's vocabulary lacks some control characters and the bytes of planes without characters.
      out += test::random_text(random, 300, {.any_code_point = true, .lowest = 0x80, .end = 0x40000});
      out +=
          std::string(random.below(part % 50 == 0 ? 20000 : 20), static_cast<char>('a' + random.below(26)));
    }
    // The metaspace stands for a space in SentencePiece vocabularies: a text that holds it cannot come back.
    for (std::size_t at = out.find("▁"); at != std::string::npos; at = out.find("▁", at)) {
      out.replace(at, 3, "_");
    }
    return out;
  }();
  return text;
}

void expect_identity(const Tokenizer& tokenizer, const std::string& text) {
  const Encoding encoding = tokenizer.encode(text, {.add_specials = false});
  ASSERT_TRUE(tokenizer.decode(encoding.ids) == text);
  EXPECT_TRUE(tokenizer.encode_ids(text, {.add_specials = false}) == encoding.ids);
  std::size_t at = 0;
  for (const auto& [begin, end] : encoding.offsets) {
    ASSERT_TRUE(begin == at || begin == end) << "tokens cover the text without gaps";
    at = std::max(at, end);
  }
  EXPECT_EQ(at, text.size());
}

TEST(RoundTrip, SmolLM2OnTenMegabytes) {
  const std::filesystem::path file =
      test::bundled_models() / "smollm2-135m-instruct" / "SmolLM2-135M-Instruct.Q4_1.gguf";
  EVERFORM_NEEDS(file);
  expect_identity(*load_tokenizer(file), mixed_text());
}

TEST(RoundTrip, ByteFallbackOnTenMegabytes) {
  const std::filesystem::path file = test::shared_data("tokenizers-known-answers") / "ggml-vocab-phi-3.gguf";
  EVERFORM_NEEDS(file);
  // A user-defined token of this vocabulary: SentencePiece's prefix space is put after it, as the reference
  // does.
  std::string text = mixed_text();
  for (std::size_t at = text.find("</s>"); at != std::string::npos; at = text.find("</s>", at)) {
    text[at + 2] = 'S';
  }
  expect_identity(*load_tokenizer(file), text);
}

std::shared_ptr<Tokenizer> trained(const std::string& split) {
  return make_tokenizer(
      train_tokenizer(mixed_text().substr(0, 300'000), {.vocabulary = 2000, .split = split}), "test");
}

TEST(RoundTrip, TrainedByteLevelVocabulariesOnAnyBytes) {
  for (const char* split : {"gpt-2", "smollm", "llama-bpe", "qwen2", "tekken"}) {
    const auto tokenizer = trained(split);
    expect_identity(*tokenizer, mixed_text().substr(0, 1'000'000));
    for (std::uint64_t item = 0; item < 500; ++item) {
      RandomStream random(12, split, 0, item);
      expect_identity(*tokenizer, test::random_text(random, random.below(40),
                                                    {.invalid_bytes = true, .any_code_point = true}));
    }
  }
}

// The other kinds lose what their normalization drops; what they decode to they encode to the same tokens.
TEST(RoundTrip, OtherKindsReachAFixedPoint) {
  const std::string text = mixed_text().substr(0, 200'000);
  for (const char* kind : {"unigram", "wordpiece", "characters"}) {
    const auto tokenizer = make_tokenizer(train_tokenizer(text, {.kind = kind, .vocabulary = 6000}), "test");
    const std::string once = tokenizer->decode(tokenizer->encode_ids(text));
    const std::string twice = tokenizer->decode(tokenizer->encode_ids(once));
    EXPECT_TRUE(once == twice) << kind;
  }
}

TEST(RoundTrip, StreamedTokensMakeTheText) {
  const auto tokenizer = trained("gpt-2");
  const std::string text = mixed_text().substr(0, 20'000);
  std::string streamed;
  for (const TokenId id : tokenizer->encode_ids(text)) {
    streamed += tokenizer->token_bytes(id);
  }
  EXPECT_EQ(streamed, text);
}

TEST(RoundTrip, BlocksOfALongTextDoNotShow) {
  const auto tokenizer = trained("llama-bpe");
  // Lines, so that the text is cut into blocks; the same lines one by one give the same tokens, because each
  // begins a piece.
  std::string text;
  std::vector<TokenId> expected;
  for (int line = 0; text.size() < 400'000; ++line) {
    const std::string one = "Line " + std::to_string(line) + " of a text that is long enough to be cut.\n";
    text += one;
    const auto ids = tokenizer->encode_ids(one);
    expected.insert(expected.end(), ids.begin(), ids.end());
  }
  EXPECT_TRUE(tokenizer->encode_ids(text) == expected);
}

TEST(RoundTrip, ThreadsShareOneTokenizer) {
  const auto tokenizer = trained("gpt-2");
  const std::string text = mixed_text().substr(0, 200'000);
  const auto expected = tokenizer->encode_ids(text);
  std::vector<std::thread> threads;
  std::array<bool, 4> same{};
  for (std::size_t i = 0; i < same.size(); ++i) {
    threads.emplace_back(
        [&, i] { same[i] = tokenizer->encode_ids(text) == expected && tokenizer->decode(expected) == text; });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(same, (std::array<bool, 4>{true, true, true, true}));
}

// Not a benchmark: anything quadratic in a megabyte would take hours.
TEST(RoundTrip, NoTextOfAMegabyteIsExpensive) {
  const std::vector<std::string> units = {"a",  " ",    "\n", "ab", "7",   "é",
                                          "中", "\xff", "'",  "! ", "\t ", "👍"};
  for (const char* kind : {"bpe", "unigram", "wordpiece"}) {
    const auto tokenizer = make_tokenizer(
        train_tokenizer(mixed_text().substr(0, 100'000), {.kind = kind, .vocabulary = 3000}), "test");
    for (const std::string& unit : units) {
      std::string text;
      while (text.size() < 1'000'000) {
        text += unit;
      }
      const auto begin = std::chrono::steady_clock::now();
      tokenizer->encode(text);
      EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20))
          << kind << " " << testing::PrintToString(unit);
    }
  }
}

}  // namespace
}  // namespace everform
