// Vocabularies between GGUF keys and Hugging Face's files.
#include <gtest/gtest.h>

#include "everform/core/io/byte_level_splits.h"
#include "everform/core/io/gguf_tokenizer_export.h"
#include "everform/core/io/gguf_tokenizer_import.h"
#include "tests/core/io/io_test_support.h"

namespace everform {
namespace {

using nlohmann::json;
using test::refusal;
using test::TemporaryFolder;

json byte_level_keys(const std::string& split) {
  return {{"tokenizer.ggml.model", "gpt2"},
          {"tokenizer.ggml.pre", split},
          {"tokenizer.ggml.tokens", {"<|end|>", "a", "b", "ab", "<tool>", "[PAD5]"}},
          {"tokenizer.ggml.token_type", {3, 1, 1, 1, 4, 5}},
          {"tokenizer.ggml.merges", {"a b"}},
          {"tokenizer.ggml.bos_token_id", 0},
          {"tokenizer.ggml.eos_token_id", 0},
          {"tokenizer.ggml.add_bos_token", true},
          {"tokenizer.chat_template", "{{ messages }}"}};
}

TEST(TokenizerExport, ByteLevelVocabulary) {
  const auto files = export_gguf_tokenizer(byte_level_keys("smollm"), "test");
  ASSERT_TRUE(files);
  const json& model = files->tokenizer["model"];
  EXPECT_EQ(model["type"], "BPE");
  EXPECT_EQ(model["vocab"], (json{{"<|end|>", 0}, {"a", 1}, {"b", 2}, {"ab", 3}, {"<tool>", 4}}));
  EXPECT_EQ(model["merges"], json::array({"a b"}));
  ASSERT_EQ(files->tokenizer["added_tokens"].size(), 2U);
  EXPECT_EQ(files->tokenizer["added_tokens"][0]["special"], true);
  EXPECT_EQ(files->tokenizer["added_tokens"][1]["special"], false);
  EXPECT_EQ(files->tokenizer["post_processor"]["type"], "TemplateProcessing");
  EXPECT_EQ(files->tokenizer["post_processor"]["special_tokens"]["<|end|>"]["ids"], json::array({0}));
  EXPECT_EQ(files->tokenizer_config["bos_token"], "<|end|>");
  EXPECT_EQ(files->tokenizer_config["chat_template"], "{{ messages }}");
}

TEST(TokenizerExport, UnknownKindsHaveNoForm) {
  EXPECT_FALSE(export_gguf_tokenizer(json::object(), "test"));
  EXPECT_FALSE(export_gguf_tokenizer(byte_level_keys("a-split-of-tomorrow"), "test"));
  json keys = byte_level_keys("gpt-2");
  keys["tokenizer.ggml.model"] = "bert";
  EXPECT_FALSE(export_gguf_tokenizer(keys, "test"));
}

TEST(TokenizerExport, ContradictionsAreRefused) {
  const auto with = [](const char* key, const json& value) {
    json keys = byte_level_keys("gpt-2");
    keys[std::string("tokenizer.ggml.") + key] = value;
    return refusal([&] { export_gguf_tokenizer(keys, "test"); });
  };
  EXPECT_NE(with("tokens", "abc"), "accepted");
  EXPECT_NE(with("tokens", {"a", "a", "b", "c", "d", "e"}).find("occurs twice"), std::string::npos);
  EXPECT_NE(with("tokens", {"a", 1, "b", "c", "d", "e"}).find("no valid text"), std::string::npos);
  EXPECT_NE(with("tokens", {"a", "\xFF", "b", "c", "d", "e"}).find("no valid text"), std::string::npos);
  EXPECT_NE(with("token_type", {1, 2}).find("does not go with"), std::string::npos);
  EXPECT_NE(with("merges", json()), "accepted");
  EXPECT_NE(with("merges", {1}), "accepted");
  EXPECT_EQ(with("bos_token_id", 77), "accepted");  // no such token: none
  EXPECT_EQ(with("bos_token_id", -1), "accepted");
}

TEST(TokenizerExport, SentencePieceScoresBecomeMerges) {
  const json keys = {
      {"tokenizer.ggml.model", "llama"},
      {"tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>", "<0x0A>", "\u2581", "a", "b", "ab", "\u2581ab"}},
      {"tokenizer.ggml.token_type", {2, 3, 3, 6, 1, 1, 1, 1, 1}},
      {"tokenizer.ggml.scores", {0.0, 0.0, 0.0, 0.0, -5.0, -6.0, -7.0, -1.0, -2.0}},
      {"tokenizer.ggml.bos_token_id", 1},
      {"tokenizer.ggml.unknown_token_id", 0}};
  const auto files = export_gguf_tokenizer(keys, "test");
  ASSERT_TRUE(files);
  const json& model = files->tokenizer["model"];
  EXPECT_EQ(model["merges"], json::array({json::array({"a", "b"}), json::array({"\u2581", "ab"})}));
  EXPECT_EQ(model["byte_fallback"], true);
  EXPECT_EQ(model["unk_token"], "<unk>");
  EXPECT_EQ(files->tokenizer["normalizer"]["normalizers"].size(), 2U);
  EXPECT_EQ(files->tokenizer["post_processor"]["single"].size(), 2U);
  json wrong = keys;
  wrong["tokenizer.ggml.scores"] = {1.0};
  EXPECT_NE(refusal([&] { export_gguf_tokenizer(wrong, "test"); }), "accepted");
}

class Import : public testing::Test {
 protected:
  Import() : config_(test::tiny_config("llama")) { config_.vocabulary = 7; }

  void write(const json& tokenizer, const json& settings) {
    write_file(folder_.path() / "tokenizer.json", json_to_text(tokenizer));
    write_file(folder_.path() / "tokenizer_config.json", json_to_text(settings));
  }

  TemporaryFolder folder_;
  TransformerConfig config_;
};

TEST_F(Import, WhatWasExportedComesBack) {
  for (const char* split : {"gpt-2", "smollm", "llama-bpe", "qwen2", "falcon", "bloom"}) {
    const json keys = byte_level_keys(split);
    const auto files = export_gguf_tokenizer(keys, "test");
    ASSERT_TRUE(files) << split;
    write(files->tokenizer, files->tokenizer_config);
    GgufKeys back;
    ASSERT_EQ(import_hf_tokenizer(folder_.path(), config_, back), "") << split;
    EXPECT_EQ(back.values()["tokenizer.ggml.pre"], split);
    EXPECT_EQ(back.values()["tokenizer.ggml.tokens"],
              (json{"<|end|>", "a", "b", "ab", "<tool>", "[PAD5]", "[PAD6]"}));
    EXPECT_EQ(back.values()["tokenizer.ggml.token_type"], (json{3, 1, 1, 1, 4, 5, 5}));
    EXPECT_EQ(back.values()["tokenizer.ggml.merges"], json::array({"a b"}));
    EXPECT_EQ(back.values()["tokenizer.ggml.bos_token_id"], 0);
    EXPECT_EQ(back.values()["tokenizer.ggml.add_bos_token"], true);
    EXPECT_EQ(back.values()["tokenizer.chat_template"], "{{ messages }}");
  }
}

TEST_F(Import, NewerSpellingsAreUnderstood) {
  auto files = export_gguf_tokenizer(byte_level_keys("gpt-2"), "test");
  files->tokenizer["model"]["merges"] = json::array({json::array({"a", "b"})});
  files->tokenizer["pre_tokenizer"] = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", false}};
  files->tokenizer_config["eos_token"] = {{"content", "<tool>"}, {"lstrip", false}};
  files->tokenizer_config.erase("chat_template");
  write(files->tokenizer, files->tokenizer_config);
  write_file(folder_.path() / "chat_template.jinja", "{{ other }}");
  GgufKeys keys;
  ASSERT_EQ(import_hf_tokenizer(folder_.path(), config_, keys), "");
  EXPECT_EQ(keys.values()["tokenizer.ggml.merges"], json::array({"a b"}));
  EXPECT_EQ(keys.values()["tokenizer.ggml.eos_token_id"], 4);
  EXPECT_EQ(keys.values()["tokenizer.ggml.eot_token_id"], 2);  // config.json's own
  EXPECT_EQ(keys.values()["tokenizer.chat_template"], "{{ other }}");
}

TEST_F(Import, OtherTokenizersAreSaidToBeAbsent) {
  GgufKeys keys;
  EXPECT_NE(import_hf_tokenizer(folder_.path(), config_, keys), "");
  EXPECT_EQ(keys.values()["tokenizer.ggml.model"], "no_vocab");
  write({{"model", {{"type", "WordPiece"}, {"vocab", {{"a", 0}}}}}}, json::object());
  GgufKeys others;
  EXPECT_NE(import_hf_tokenizer(folder_.path(), config_, others), "");
}

TEST_F(Import, ContradictionsAreRefused) {
  const auto with = [&](const auto& change) {
    auto files = export_gguf_tokenizer(byte_level_keys("gpt-2"), "test");
    change(files->tokenizer);
    write(files->tokenizer, files->tokenizer_config);
    return refusal([&] {
      GgufKeys keys;
      import_hf_tokenizer(folder_.path(), config_, keys);
    });
  };
  EXPECT_NE(with([](json& t) { t["model"]["vocab"]["big"] = 7; }).find("beyond"), std::string::npos);
  EXPECT_NE(with([](json& t) { t["model"]["vocab"]["again"] = 1; }).find("two tokens"), std::string::npos);
  EXPECT_NE(with([](json& t) { t["model"]["vocab"]["x"] = "one"; }).find("beyond"), std::string::npos);
  EXPECT_NE(with([](json& t) { t["model"]["vocab"] = 1; }).find("vocab"), std::string::npos);
  EXPECT_NE(with([](json& t) { t["model"]["merges"] = json::array({1}); }).find("merge"), std::string::npos);
  EXPECT_NE(with([](json& t) { t["added_tokens"] = json::array({json{{"id", 1}}}); }).find("added token"),
            std::string::npos);
  EXPECT_NE(with([](json& t) { t["added_tokens"] = json::array({1}); }).find("added token"),
            std::string::npos);
  EXPECT_NE(with([](json& t) { t.erase("model"); }).find("no model"), std::string::npos);
}

TEST(ByteLevelSplits, OnesThatDifferAreNotTaken) {
  EXPECT_EQ(recognise_split({{"type", "ByteLevel"}, {"add_prefix_space", true}}), nullptr);
  EXPECT_EQ(recognise_split(nullptr), nullptr);
  EXPECT_EQ(recognise_split({{"type", "Sequence"}, {"pretokenizers", 3}}), nullptr);
  EXPECT_NE(recognise_split(
                {{"type", "Sequence"},
                 {"pretokenizers", json::array({json{{"type", "ByteLevel"}, {"add_prefix_space", false}}})}}),
            nullptr);
}

}  // namespace
}  // namespace everform
