// SentencePiece models against SentencePiece's own Python package.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/text/tokenizer.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

const std::filesystem::path kData = "tests/core/text/data";

class SentencePieceModels : public testing::TestWithParam<std::string> {
 protected:
  std::shared_ptr<Tokenizer> load() const {
    return load_tokenizer(kData / ("sentencepiece_" + GetParam() + ".model"));
  }
};

TEST_P(SentencePieceModels, Agree) {
  const auto tokenizer = load();
  const nlohmann::json document = nlohmann::json::parse(read_file(kData / "sentencepiece_answers.json"));
  const nlohmann::json& answers = document.at("answers").at(GetParam());
  for (std::size_t i = 0; i < document.at("texts").size(); ++i) {
    const auto text = document.at("texts")[i].get<std::string>();
    const Encoding encoding = tokenizer->encode(text);
    EXPECT_EQ(encoding.ids, answers.at("ids")[i].get<std::vector<TokenId>>()) << testing::PrintToString(text);
    EXPECT_EQ(tokenizer->decode(encoding.ids), answers.at("decoded")[i].get<std::string>());
    for (const auto& [begin, end] : encoding.offsets) {
      EXPECT_LE(begin, end);
      EXPECT_LE(end, text.size());
    }
  }
}

TEST_P(SentencePieceModels, SpecialTokensComeOnlyWhenAsked) {
  const auto tokenizer = load();
  for (const TokenId id : tokenizer->encode_ids("<s> a </s>")) {
    EXPECT_FALSE(tokenizer->is_special(id));
  }
  const auto parsed = tokenizer->encode("<s>a</s>", {.parse_specials = true});
  EXPECT_EQ(parsed.ids.front(), tokenizer->bos());
  EXPECT_EQ(parsed.ids.back(), tokenizer->eos());
  EXPECT_EQ(parsed.offsets.back(), (std::pair<std::size_t, std::size_t>{4, 8}));
  EXPECT_EQ(tokenizer->decode(parsed.ids), "a");
  EXPECT_EQ(tokenizer->decode(parsed.ids, true), "<s>a</s>");
  const auto literal = tokenizer->encode_ids("<s>a</s>", {.parse_specials = true, .literal = {{4, 8}}});
  EXPECT_TRUE(tokenizer->is_special(literal.front()));
  EXPECT_FALSE(tokenizer->is_special(literal.back()));
  EXPECT_EQ(tokenizer->encode_ids("a", {.add_specials = true}).front(), tokenizer->bos());
}

TEST_P(SentencePieceModels, StreamedBytesAreTheText) {
  const auto tokenizer = load();
  const std::string text = "The quick brown fox jumps over the lazy dog";
  std::string streamed;
  for (const TokenId id : tokenizer->encode_ids(text)) {
    streamed += tokenizer->token_bytes(id);
  }
  EXPECT_EQ(streamed, " " + text);
}

INSTANTIATE_TEST_SUITE_P(Both, SentencePieceModels, testing::Values("bpe", "unigram"));

TEST(SentencePiece, ByteFallbackSpellsEverything) {
  const auto tokenizer = load_tokenizer(kData / "sentencepiece_bpe.model");
  const std::string text = "𓀀 unseen ꙮ characters 𝕏";
  EXPECT_EQ(tokenizer->decode(tokenizer->encode_ids(text)), text);
}

TEST(SentencePiece, BrokenModelsAreBadInput) {
  const test::TemporaryFolder folder;
  const std::string good = read_file(kData / "sentencepiece_bpe.model");
  for (const std::string& bytes : {std::string("no model"), good.substr(0, good.size() / 2), std::string()}) {
    write_file(folder.path() / "tokenizer.model", bytes);
    try {
      load_tokenizer(folder.path());
      ADD_FAILURE() << bytes.size() << " bytes were taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput) << error.what();
    }
  }
}

}  // namespace
}  // namespace everform
