// Vocabularies in GGUF metadata: styles, flags, token types, and values of the wrong kind.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "everform/core/base/error.h"
#include "everform/core/text/byte_alphabet.h"
#include "everform/core/text/pipeline_tokenizer.h"
#include "everform/core/text/split_styles.h"
#include "everform/core/text/vocabulary_readers.h"

namespace everform::text {
namespace {

using nlohmann::json;

std::shared_ptr<Tokenizer> load(const json& metadata) {
  return std::make_shared<PipelineTokenizer>(read_gguf_vocabulary(metadata, "test.gguf"));
}

// Byte-level: 0 <s> (control), 1 </s> (control), 2.. bytes, then "he", "hell", and a user-defined token.
json byte_level() {
  json tokens = {"<s>", "</s>"};
  json types = {3, 3};
  for (int byte = 0; byte < 256; ++byte) {
    const char one = static_cast<char>(byte);
    tokens.push_back(spell_bytes({&one, 1}));
    types.push_back(1);
  }
  for (const char* piece : {"he", "ll", "hell", "<user>"}) {
    tokens.push_back(piece);
    types.push_back(piece == std::string("<user>") ? 4 : 1);
  }
  return {{"tokenizer.ggml.model", "gpt2"},
          {"tokenizer.ggml.pre", "gpt-2"},
          {"tokenizer.ggml.tokens", tokens},
          {"tokenizer.ggml.token_type", types},
          {"tokenizer.ggml.merges", {"h e", "l l", "he ll"}},
          {"tokenizer.ggml.bos_token_id", 0},
          {"tokenizer.ggml.eos_token_id", 1}};
}

// SentencePiece: <unk>, <s>, </s>, bytes, then scored pieces.
json sentencepiece() {
  json tokens = {"<unk>", "<s>", "</s>"};
  json types = {2, 3, 3};
  json scores = {0.0, 0.0, 0.0};
  for (int byte = 0; byte < 256; ++byte) {
    char piece[8];
    std::snprintf(piece, sizeof piece, "<0x%02X>", byte);
    tokens.push_back(piece);
    types.push_back(6);
    scores.push_back(0.0);
  }
  double score = 0.0;
  for (const char* piece : {"he", "▁he", "ll", "▁hell", "▁", "h", "e", "l", "o", "<", "s", ">", "<s"}) {
    tokens.push_back(piece);
    types.push_back(1);
    scores.push_back(score);
    score -= 1.0;
  }
  return {{"tokenizer.ggml.model", "llama"},     {"tokenizer.ggml.tokens", tokens},
          {"tokenizer.ggml.token_type", types},  {"tokenizer.ggml.scores", scores},
          {"tokenizer.ggml.bos_token_id", 1},    {"tokenizer.ggml.eos_token_id", 2},
          {"tokenizer.ggml.unknown_token_id", 0}};
}

std::vector<std::string> pieces(const Tokenizer& tokenizer, const std::vector<TokenId>& ids) {
  std::vector<std::string> out;
  for (const TokenId id : ids) {
    out.push_back(tokenizer.piece(id));
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(GgufVocabulary, ByteLevelTypesAndFlags) {
  const auto tokenizer = load(byte_level());
  EXPECT_EQ(pieces(*tokenizer, tokenizer->encode_ids("hello <s><user>")),
            (Strings{"hell", "o", "Ġ", "<", "s", ">", "<user>"}));
  EXPECT_EQ(pieces(*tokenizer, tokenizer->encode_ids("a<s>", {.parse_specials = true})),
            (Strings{"a", "<s>"}));
  EXPECT_EQ(pieces(*tokenizer, tokenizer->encode_ids("a", {.add_specials = true})), (Strings{"<s>", "a"}));
  json flagged = byte_level();
  flagged["tokenizer.ggml.add_bos_token"] = true;
  flagged["tokenizer.ggml.add_eos_token"] = true;
  EXPECT_EQ(pieces(*load(flagged), load(flagged)->encode_ids("a")), (Strings{"<s>", "a", "</s>"}));
  EXPECT_EQ(pieces(*load(flagged), load(flagged)->encode_ids("a", {.add_specials = false})), (Strings{"a"}));
  EXPECT_TRUE(tokenizer->is_special(0));
  EXPECT_FALSE(tokenizer->is_special(261)) << "user-defined tokens are text";
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{0, 260, 261, 1}), "hell<user>");
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{0, 260, 261, 1}, true), "<s>hell<user></s>");
}

TEST(GgufVocabulary, Llama3sStyleTakesWholePiecesFirst) {
  json metadata = byte_level();
  metadata["tokenizer.ggml.merges"] = json::array({"h e"});
  EXPECT_EQ(pieces(*load(metadata), load(metadata)->encode_ids("hell")), (Strings{"he", "l", "l"}));
  metadata["tokenizer.ggml.pre"] = "llama-bpe";
  EXPECT_EQ(pieces(*load(metadata), load(metadata)->encode_ids("hell")), (Strings{"<s>", "hell"}));
}

TEST(GgufVocabulary, SentencePieceMergesByScore) {
  const auto tokenizer = load(sentencepiece());
  EXPECT_EQ(pieces(*tokenizer, tokenizer->encode_ids("hello")), (Strings{"<s>", "▁hell", "o"}));
  EXPECT_EQ(pieces(*tokenizer, tokenizer->encode_ids("é<s>", {.add_specials = false})),
            (Strings{"▁", "<0xC3>", "<0xA9>", "<s", ">"}))
      << "byte fallback; a control token is not made of text";
  EXPECT_EQ(tokenizer->decode(tokenizer->encode_ids("hello hé")), "hello hé");
  EXPECT_EQ(tokenizer->token_bytes(*tokenizer->find_piece("<0xC3>")), "\xc3");
  EXPECT_EQ(tokenizer->token_bytes(*tokenizer->find_piece("▁hell")), " hell");
  json without = sentencepiece();
  without["tokenizer.ggml.add_space_prefix"] = false;
  EXPECT_EQ(pieces(*load(without), load(without)->encode_ids("hello", {.add_specials = false})),
            (Strings{"he", "ll", "o"}));
  EXPECT_EQ(load(without)->decode(load(without)->encode_ids(" hello")), " hello");
}

TEST(GgufVocabulary, WordPieceInBothSpellings) {
  for (const bool converted : {true, false}) {
    json tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]"};
    tokens.push_back(converted ? "▁play" : "play");
    tokens.push_back(converted ? "ing" : "##ing");
    const json metadata = {{"tokenizer.ggml.model", "bert"},
                           {"tokenizer.ggml.tokens", tokens},
                           {"tokenizer.ggml.token_type", {3, 3, 3, 3, 1, 1}},
                           {"tokenizer.ggml.cls_token_id", 2},
                           {"tokenizer.ggml.seperator_token_id", 3},
                           {"tokenizer.ggml.unknown_token_id", 1}};
    const auto tokenizer = load(metadata);
    EXPECT_EQ(tokenizer->encode_ids("Playing ing"), (std::vector<TokenId>{2, 4, 5, 1, 3}));
    EXPECT_EQ(tokenizer->decode(tokenizer->encode_ids("playing play")), "playing play");
  }
}

TEST(GgufVocabulary, WrongValuesAreNamed) {
  const auto expect_bad = [](json metadata, const std::string& key, json value, const std::string& word) {
    metadata["tokenizer.ggml." + key] = std::move(value);
    try {
      load(metadata);
      ADD_FAILURE() << key << " was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      EXPECT_NE(error.message().find(word), std::string::npos) << error.message();
    }
  };
  expect_bad(byte_level(), "model", "rwkv", "rwkv");
  expect_bad(byte_level(), "model", 5, "tokenizer.ggml.model");
  expect_bad(byte_level(), "pre", "odd-style", "odd-style");
  expect_bad(byte_level(), "tokens", 5, "tokens is no array");
  expect_bad(byte_level(), "tokens", json::array(), "empty");
  expect_bad(byte_level(), "tokens", {1, 2}, "tokens");
  expect_bad(byte_level(), "token_type", {1, 2}, "2 entries");
  expect_bad(byte_level(), "token_type", json(262, 9), "9");
  expect_bad(byte_level(), "merges", {"ab"}, "ab");
  expect_bad(byte_level(), "merges", {"a "}, "a ");
  expect_bad(byte_level(), "merges", {"a zz"}, "zz");
  expect_bad(byte_level(), "merges", {5}, "merges");
  expect_bad(byte_level(), "bos_token_id", 262, "262");
  expect_bad(byte_level(), "eos_token_id", "x", "eos_token_id");
  expect_bad(byte_level(), "add_bos_token", 1, "add_bos_token");
  expect_bad(sentencepiece(), "scores", {1.0}, "scores");
  expect_bad(sentencepiece(), "scores", json(272, std::nan("")), "NaN");
  json without = byte_level();
  without.erase("tokenizer.ggml.merges");
  expect_bad(without, "pre", "gpt-2", "merges");
  EXPECT_THROW(load(json::object()), Error);
}

TEST(GgufVocabulary, EmptyAndRepeatedTokensAreKeptById) {
  json metadata = byte_level();
  metadata["tokenizer.ggml.tokens"][261] = "";
  metadata["tokenizer.ggml.tokens"][260] = "he";
  metadata["tokenizer.ggml.merges"] = json::array({"h e"});
  metadata["tokenizer.ggml.token_type"][261] = 1;
  const auto tokenizer = load(metadata);
  EXPECT_EQ(tokenizer->vocabulary_size(), 262U);
  EXPECT_EQ(tokenizer->encode_ids("he"), (std::vector<TokenId>{258})) << "the first of two equal pieces";
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{260}), "he");
}

// Every style cuts a text into pieces that make it up again.
TEST(SplitStyles, AllCoverTheText) {
  const std::string text = "It's 2024, naïve café: 12345 [x]\n\n  d'été — 中文かな 한국 don't\tDON'T x1y2  ";
  for (const char* name :
       {"default", "gpt-2", "smollm", "llama-bpe", "dbrx", "qwen2", "deepseek-coder", "deepseek-v3", "falcon",
        "bloom", "viking", "tekken", "gpt-4o", "seed-coder", "bailingmoe"}) {
    PreTokenized cut{MappedText(text, 0), {{0, static_cast<std::uint32_t>(text.size())}}};
    for (const auto& step : make_split_steps(split_style(name, "test"), "test")) {
      step->apply(cut);
    }
    std::uint32_t at = 0;
    for (const auto& piece : cut.pieces) {
      EXPECT_EQ(piece.begin, at) << name;
      EXPECT_LT(piece.begin, piece.end) << name;
      at = piece.end;
    }
    EXPECT_EQ(at, text.size()) << name;
    EXPECT_GT(cut.pieces.size(), 10U) << name;
  }
}

}  // namespace
}  // namespace everform::text
