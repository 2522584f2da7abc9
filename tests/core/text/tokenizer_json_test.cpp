// tokenizer.json against Hugging Face's own library: every component, ids, offsets, decoded texts.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/utf8.h"
#include "everform/core/text/code_points.h"
#include "everform/core/text/pipeline_tokenizer.h"
#include "everform/core/text/vocabulary_readers.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

using nlohmann::json;

const json& answers_file() {
  static const json document = json::parse(read_file("tests/core/text/data/tokenizer_json_answers.json"));
  return document;
}

std::shared_ptr<Tokenizer> make_tokenizer(const json& document) {
  return std::make_shared<text::PipelineTokenizer>(text::read_tokenizer_json(document, "test"));
}

// The reference counts offsets in characters, and a token inside a character covers the whole of it.
std::vector<std::size_t> in_characters(const Encoding& encoding, const std::string& text) {
  std::vector<std::size_t> before(text.size() + 1);  // characters that begin before a byte
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    before[i] = count;
    count += (text[i] & 0xc0) != 0x80 ? 1 : 0;
  }
  before[text.size()] = count;
  std::vector<std::size_t> out;
  for (const auto& [begin, end] : encoding.offsets) {
    const bool inside = begin < text.size() && (text[begin] & 0xc0) == 0x80;
    out.push_back(before[begin] - (inside ? 1 : 0));
    out.push_back(before[end]);
  }
  return out;
}

// The reference replaces broken UTF-8, Everform's bytes are what they are.
std::string with_replacement_characters(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto point = text::code_point_at(text, at);
    text::append_code_point(out, point.value >= text::kInvalidByte ? 0xfffd : point.value);
    at += point.length;
  }
  return out;
}

class TokenizerJson : public testing::TestWithParam<std::string> {
 protected:
  const json& texts() const { return answers_file().at("texts"); }
  const json& answers() const { return answers_file().at("cases").at(GetParam()).at("answers"); }
  std::shared_ptr<Tokenizer> tokenizer() const {
    return make_tokenizer(answers_file().at("cases").at(GetParam()).at("tokenizer"));
  }
};

// The reference makes special tokens of texts that spell them where they are ordinary pieces of a Unigram
// vocabulary; Everform never does unless asked.
bool spells_unigram_special(const std::string& name, const std::string& text) {
  return name.starts_with("unigram") && text.find("<s>") != std::string::npos;
}

TEST_P(TokenizerJson, IdsAgree) {
  const auto tokenizer = this->tokenizer();
  for (std::size_t i = 0; i < texts().size(); ++i) {
    const auto text = texts()[i].get<std::string>();
    if (spells_unigram_special(GetParam(), text)) {
      continue;
    }
    EXPECT_EQ(tokenizer->encode_ids(text, {.add_specials = false}),
              answers()["ids"][i].get<std::vector<TokenId>>())
        << testing::PrintToString(text);
    EXPECT_EQ(tokenizer->encode_ids(text, {.parse_specials = true}),
              answers()["ids_specials"][i].get<std::vector<TokenId>>())
        << testing::PrintToString(text);
  }
}

class TokenizerJsonOffsets : public TokenizerJson {};

TEST_P(TokenizerJsonOffsets, Agree) {
  const auto tokenizer = this->tokenizer();
  for (std::size_t i = 0; i < texts().size(); ++i) {
    const auto text = texts()[i].get<std::string>();
    EXPECT_EQ(in_characters(tokenizer->encode(text, {.add_specials = false}), text),
              answers()["offsets"][i].get<std::vector<std::size_t>>())
        << testing::PrintToString(text);
  }
}

TEST_P(TokenizerJson, DecodedTextsAgree) {
  if (GetParam() == "added_normalized") {
    return;  // the reference decodes an added token to its normalized form, Everform to its own
  }
  const auto tokenizer = this->tokenizer();
  for (std::size_t i = 0; i < texts().size(); ++i) {
    for (const bool specials : {false, true}) {
      const json& decoded = answers()[specials ? "decoded_specials" : "decoded"][i];
      const auto expected = (decoded.is_null() ? texts()[i] : decoded).get<std::string>();
      const auto ids = answers()[specials ? "ids_specials" : "ids"][i].get<std::vector<TokenId>>();
      EXPECT_EQ(with_replacement_characters(tokenizer->decode(ids, !specials)), expected);
    }
  }
}

// Where a character is put in front or characters are composed, the reference's offsets take the first
// character only.
bool has_own_offsets(const std::string& name) {
  for (const char* prefix : {"llama", "unigram", "words_", "roberta", "byte_level_words", "qwen2", "clip"}) {
    if (name.starts_with(prefix)) {
      return name != "llama3";
    }
  }
  return false;
}

std::vector<std::string> case_names(bool with_same_offsets) {
  std::vector<std::string> names;
  for (const auto& [name, value] : answers_file().at("cases").items()) {
    if (!with_same_offsets || !has_own_offsets(name)) {
      names.push_back(name);
    }
  }
  return names;
}

const auto kCaseName = [](const testing::TestParamInfo<std::string>& info) { return info.param; };

INSTANTIATE_TEST_SUITE_P(Components, TokenizerJson, testing::ValuesIn(case_names(false)), kCaseName);
INSTANTIATE_TEST_SUITE_P(Components, TokenizerJsonOffsets, testing::ValuesIn(case_names(true)), kCaseName);

}  // namespace
}  // namespace everform
