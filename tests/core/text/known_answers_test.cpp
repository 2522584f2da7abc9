// Vocabularies of published models against the ids that their own implementations give.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "everform/core/base/atomic_file.h"
#include "everform/core/text/tokenizer.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

constexpr const char* kMark = "\n__ggml_vocab_test__\n";

std::filesystem::path known_answers() {
  return test::shared_data("tokenizers-known-answers");
}

std::vector<std::string> read_texts(const std::filesystem::path& path) {
  std::string all = read_file(path);
  std::vector<std::string> texts;
  const std::string mark = kMark;
  std::size_t done = 0;
  for (std::size_t at = all.find(mark); at != std::string::npos; at = all.find(mark, done)) {
    texts.push_back(all.substr(done, at - done));
    done = at + mark.size();
  }
  return texts;
}

std::vector<std::vector<TokenId>> read_ids(const std::filesystem::path& path) {
  std::vector<std::vector<TokenId>> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::vector<TokenId> ids;
    for (TokenId id = 0; words >> id;) {
      ids.push_back(id);
    }
    lines.push_back(std::move(ids));
  }
  return lines;
}

// Offsets lie inside the text, in order, and cover what they say.
void expect_sound_offsets(const Encoding& encoding, const std::string& text) {
  ASSERT_EQ(encoding.offsets.size(), encoding.ids.size());
  std::size_t last = 0;
  for (const auto& [begin, end] : encoding.offsets) {
    EXPECT_LE(begin, end);
    EXPECT_LE(last, begin);
    EXPECT_LE(end, text.size());
    last = begin;
  }
}

class GgufKnownAnswers : public testing::TestWithParam<const char*> {};

TEST_P(GgufKnownAnswers, Agree) {
  const std::filesystem::path file = known_answers() / (std::string("ggml-vocab-") + GetParam() + ".gguf");
  EVERFORM_NEEDS(file);
  const auto tokenizer = load_tokenizer(file);
  const auto texts = read_texts(file.string() + ".inp");
  const auto ids = read_ids(file.string() + ".out");
  ASSERT_EQ(texts.size(), 46U);
  ASSERT_EQ(ids.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Encoding encoding = tokenizer->encode(texts[i], {.add_specials = false});
    EXPECT_EQ(encoding.ids, ids[i]) << "text " << i << ": " << testing::PrintToString(texts[i]);
    expect_sound_offsets(encoding, texts[i]);
    EXPECT_EQ(tokenizer->encode_ids(texts[i], {.add_specials = false}), ids[i]);
  }
}

// The same strings with GPT-2's original files.
TEST(KnownAnswers, Gpt2Files) {
  const std::filesystem::path folder = known_answers() / "gpt2";
  EVERFORM_NEEDS(folder);
  const auto texts = read_texts(known_answers() / "ggml-vocab-gpt-2.gguf.inp");
  const auto ids = read_ids(known_answers() / "ggml-vocab-gpt-2.gguf.out");
  for (const char* name : {"", "encoder.json", "vocab.bpe"}) {
    const auto tokenizer = load_tokenizer(*name == 0 ? folder : folder / name);
    EXPECT_EQ(tokenizer->vocabulary_size(), 50257U);
    EXPECT_EQ(tokenizer->eos(), 50256);
    EXPECT_EQ(tokenizer->find_piece("<|endoftext|>"), 50256);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(tokenizer->encode_ids(texts[i]), ids[i]) << "text " << i;
      EXPECT_EQ(tokenizer->decode(ids[i]), texts[i]);
    }
  }
}

TEST(KnownAnswers, Clip) {
  const std::filesystem::path folder = known_answers() / "clip";
  EVERFORM_NEEDS(folder);
  const auto tokenizer = load_tokenizer(folder / "bpe_simple_vocab_16e6.txt.gz");
  EXPECT_EQ(tokenizer->vocabulary_size(), 49408U);
  const nlohmann::json answers = nlohmann::json::parse(read_file(folder / "known_answer.json"));
  ASSERT_EQ(answers.size(), 6U);
  for (const nlohmann::json& answer : answers) {
    const auto text = answer.at("text").get<std::string>();
    const auto ids = answer.at("ids").get<std::vector<TokenId>>();
    const Encoding encoding = tokenizer->encode(text);
    EXPECT_EQ(encoding.ids, ids) << text;
    expect_sound_offsets(encoding, text);
    // Words come back with a space between any two, lower-cased.
    EXPECT_EQ(tokenizer->encode_ids(tokenizer->decode(ids)), ids) << text;
  }
  const std::vector<TokenId> ends = tokenizer->encode_ids("a", {.add_specials = true});
  EXPECT_EQ(ends, (std::vector<TokenId>{49406, 320, 49407}));
}

// Ids that Hugging Face's tokenizers and tiktoken give (tests/peers/make_tokenizer_answers.py).
void expect_stored_answers(const Tokenizer& tokenizer, const char* name, const EncodeOptions& options) {
  const nlohmann::json document =
      nlohmann::json::parse(read_file("tests/core/text/data/published_answers.json"));
  const nlohmann::json& texts = document.at("texts");
  const nlohmann::json& ids = document.at("ids").at(name);
  std::size_t count = 0;
  ASSERT_EQ(ids.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto text = texts[i].get<std::string>();
    const auto expected = ids[i].get<std::vector<TokenId>>();
    EXPECT_EQ(tokenizer.encode_ids(text, options), expected) << testing::PrintToString(text);
    count += expected.size();
  }
  EXPECT_GE(count, 200U);
}

TEST(KnownAnswers, SmolLM2) {
  const std::filesystem::path file =
      test::bundled_models() / "smollm2-135m-instruct" / "SmolLM2-135M-Instruct.Q4_1.gguf";
  EVERFORM_NEEDS(file);
  const auto tokenizer = load_tokenizer(file);
  expect_stored_answers(*tokenizer, "smollm2", {});
  expect_stored_answers(*tokenizer, "smollm2_specials", {.parse_specials = true});
  EXPECT_EQ(tokenizer->kind(), "bpe");
  EXPECT_EQ(tokenizer->bos(), 1);
  EXPECT_EQ(tokenizer->eos(), 2);
  ASSERT_TRUE(tokenizer->chat_template().has_value());
  EXPECT_NE(tokenizer->chat_template()->find("<|im_start|>"), std::string::npos);
}

TEST(KnownAnswers, MiniLM) {
  const std::filesystem::path folder = test::bundled_models() / "all-minilm-l6-v2";
  EVERFORM_NEEDS(folder);
  const auto tokenizer = load_tokenizer(folder);
  expect_stored_answers(*tokenizer, "minilm", {.add_specials = false});
  expect_stored_answers(*tokenizer, "minilm_specials", {.parse_specials = true});
  const auto from_list = load_tokenizer(folder / "vocab.txt");
  expect_stored_answers(*from_list, "minilm", {.add_specials = false});
  expect_stored_answers(*from_list, "minilm_specials", {.parse_specials = true, .add_specials = true});
}

TEST(KnownAnswers, Whisper) {
  const std::filesystem::path file = known_answers() / "whisper" / "multilingual.tiktoken";
  EVERFORM_NEEDS(file);
  const auto tokenizer = load_tokenizer(file);
  EXPECT_EQ(tokenizer->vocabulary_size(), 50258U);
  expect_stored_answers(*tokenizer, "whisper", {});
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, GgufKnownAnswers, testing::Values("gpt-2", "phi-3", "bert-bge"));

}  // namespace
}  // namespace everform
