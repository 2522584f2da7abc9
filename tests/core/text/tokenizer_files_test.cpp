// load_tokenizer(): what it recognises, and what it says about files that are absent, broken or something
// else.
#include <gtest/gtest.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/json_text.h"
#include "everform/core/text/pipeline_tokenizer.h"
#include "everform/core/text/tokenizer_training.h"
#include "everform/core/text/vocabulary_readers.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

using nlohmann::json;

json small_vocabulary() {
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += "hello yellow fellow\n";
  }
  return train_tokenizer(text, {.vocabulary = 280, .specials = {"<|endoftext|>", "<|im_end|>"}});
}

class TokenizerFiles : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) const {
    write_file(folder_.path() / name, text);
    return folder_.path() / name;
  }
  const std::filesystem::path& folder() const { return folder_.path(); }

  void expect_error(const std::filesystem::path& path, ErrorKind kind, const std::string& word) const {
    try {
      load_tokenizer(path);
      ADD_FAILURE() << path << " was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
      EXPECT_NE(error.where().find(path.filename().string()), std::string::npos) << error.where();
    }
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(TokenizerFiles, AFolderIsItsTokenizerJsonWithSettingsBesideIt) {
  write("tokenizer.json", json_to_text(small_vocabulary()));
  write("tokenizer_config.json", R"({"bos_token": {"content": "<|endoftext|>"}, "eos_token": "<|im_end|>",
    "chat_template": [{"name": "tools", "template": "T"}, {"name": "default", "template": "D"}]})");
  for (const auto& path : {folder(), folder() / "tokenizer.json", folder() / "model.safetensors"}) {
    if (path.extension() == ".safetensors") {
      write("model.safetensors", "");
    }
    const auto tokenizer = load_tokenizer(path);
    EXPECT_EQ(tokenizer->bos(), 0);
    EXPECT_EQ(tokenizer->eos(), 1);
    EXPECT_EQ(tokenizer->chat_template(), "D");
    EXPECT_EQ(tokenizer->decode(tokenizer->encode_ids("hello fellow")), "hello fellow");
  }
  write("chat_template.jinja", "J");
  EXPECT_EQ(load_tokenizer(folder())->chat_template(), "J");
}

TEST_F(TokenizerFiles, SpecialTokensComeFromTheMapToo) {
  write("tokenizer.json", json_to_text(small_vocabulary()));
  write("special_tokens_map.json", R"({"eos_token": "<|im_end|>"})");
  EXPECT_EQ(load_tokenizer(folder())->eos(), 1);
}

TEST_F(TokenizerFiles, Gpt2FilesNeedBothHalves) {
  const json model = small_vocabulary().at("model");
  std::string merges = "#version: 0.2\n";
  for (const json& pair : model.at("merges")) {
    merges += pair[0].get<std::string>() + " " + pair[1].get<std::string>() + "\n";
  }
  write("vocab.json", json_to_text(model.at("vocab")));
  expect_error(folder() / "vocab.json", ErrorKind::kMissing, "vocab.bpe");
  write("merges.txt", merges);
  const auto reference = make_tokenizer(small_vocabulary(), "test");
  for (const char* name : {"", "vocab.json", "merges.txt"}) {
    const auto tokenizer = load_tokenizer(*name == 0 ? folder() : folder() / name);
    EXPECT_EQ(tokenizer->encode_ids("yellow hello!"), reference->encode_ids("yellow hello!"));
    EXPECT_EQ(tokenizer->eos(), 0) << "<|endoftext|>";
  }
  write("tokenizer_config.json", R"({"tokenizer_class": "CodeGenTokenizerOdd"})");
  expect_error(folder() / "vocab.json", ErrorKind::kBadInput, "CodeGenTokenizerOdd");
  write("tokenizer_config.json", "{}");
  write("merges.txt", "h e\nh\n");
  expect_error(folder() / "vocab.json", ErrorKind::kBadInput, "line 2");
  write("merges.txt", "QQ h\n");
  expect_error(folder() / "vocab.json", ErrorKind::kBadInput, "QQ");
}

TEST_F(TokenizerFiles, WordPieceLists) {
  write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nhello\n##s\nworld\n");
  const auto tokenizer = load_tokenizer(folder() / "vocab.txt");
  EXPECT_EQ(tokenizer->kind(), "wordpiece");
  EXPECT_EQ(tokenizer->encode_ids("Hellos wörld xyz [MASK]"), (std::vector<TokenId>{5, 6, 7, 1, 1, 1, 1}));
  EXPECT_EQ(tokenizer->encode_ids("hello [MASK]", {.parse_specials = true, .add_specials = true}),
            (std::vector<TokenId>{2, 5, 4, 3}));
  EXPECT_EQ(tokenizer->decode(std::vector<TokenId>{2, 5, 6, 7, 3}), "hellos world");
  EXPECT_EQ(tokenizer->token_bytes(6), "s");
  EXPECT_EQ(tokenizer->token_bytes(7), " world");
  EXPECT_EQ(tokenizer->token_bytes(3), "");
  write("tokenizer_config.json", R"({"tokenizer_class": "BertTokenizer", "do_lower_case": false})");
  EXPECT_EQ(load_tokenizer(folder())->encode_ids("Hello hello"), (std::vector<TokenId>{2, 1, 5, 3}));
  write("vocab.txt", "a\nb\n");
  expect_error(folder() / "vocab.txt", ErrorKind::kBadInput, "[UNK]");
}

TEST_F(TokenizerFiles, TiktokenRanksMustBeAPublishedVocabulary) {
  expect_error(write("x.tiktoken", "IQ== 0\nIg== 1\n"), ErrorKind::kBadInput, "2 ranks");
  expect_error(write("y.tiktoken", "IQ== 0\n%% 1\n"), ErrorKind::kBadInput, "line 2");
  expect_error(write("z.tiktoken", "IQ== 0\nIg== one\n"), ErrorKind::kBadInput, "line 2");
  expect_error(write("twice.tiktoken", "IQ== 0\nIg== 0\n"), ErrorKind::kBadInput, "id 0");
  expect_error(write("same.tiktoken", "IQ== 0\nIQ== 1\n"), ErrorKind::kBadInput, "two ids");
  expect_error(write("w.tiktoken", ""), ErrorKind::kBadInput, "0 ranks");
}

TEST_F(TokenizerFiles, PublishedRankFilesAreByteLevel) {
  // GPT-2's size: the bytes, then filler that no text needs.
  std::string text;
  const auto line = [&](const std::string& bytes, int rank) {
    static const char* digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
      std::uint32_t bits = 0;
      for (std::size_t j = 0; j < 3; ++j) {
        bits = (bits << 8) | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
      }
      for (std::size_t j = 0; j < 4; ++j) {
        out += i + j <= bytes.size() ? digits[(bits >> (18 - 6 * j)) & 63] : '=';
      }
    }
    text += out + " " + std::to_string(rank) + "\n";
  };
  for (int byte = 0; byte < 256; ++byte) {
    line(std::string(1, static_cast<char>(byte)), byte);
  }
  line("ab", 256);
  line("abc", 257);
  for (int rank = 258; rank < 50256; ++rank) {
    line("\x01" + std::to_string(rank), rank);
  }
  const auto tokenizer = load_tokenizer(write("gpt2.tiktoken", text));
  EXPECT_EQ(tokenizer->encode_ids("abc ab\xff"), (std::vector<TokenId>{257, ' ', 256, 0xff}));
  EXPECT_EQ(tokenizer->eos(), 50256);
  EXPECT_EQ(tokenizer->vocabulary_size(), 50257U);
  EXPECT_EQ(tokenizer->encode_ids("a<|endoftext|>", {.parse_specials = true}),
            (std::vector<TokenId>{'a', 50256}));
}

TEST_F(TokenizerFiles, ClipMergesMayBeZipped) {
  const std::string merges = "\"bpe_simple_vocab_16e6.txt#version: 0.2\nc a\nca t</w>\nd o\n";
  write("clip.txt", merges);
  const std::filesystem::path zipped = folder() / "clip.txt.gz";
  gzFile file = gzopen(zipped.c_str(), "wb");
  gzwrite(file, merges.data(), static_cast<unsigned>(merges.size()));
  gzclose(file);
  for (const auto& path : {folder() / "clip.txt", zipped}) {
    const auto tokenizer = load_tokenizer(path);
    EXPECT_EQ(tokenizer->vocabulary_size(), 512U + 3 + 2);
    EXPECT_EQ(tokenizer->encode_ids("  A CAT\n"), tokenizer->encode_ids("a cat"));
    EXPECT_EQ(tokenizer->encode_ids("cat"), (std::vector<TokenId>{513}));
    EXPECT_EQ(tokenizer->bos(), 515);
  }
  std::string bytes = read_file(zipped);
  write("short.txt.gz", bytes.substr(0, bytes.size() / 2));
  expect_error(folder() / "short.txt.gz", ErrorKind::kBadInput, "gzip");
}

TEST_F(TokenizerFiles, AbsentAndOtherFiles) {
  expect_error(folder() / "nothing.json", ErrorKind::kMissing, "no such file");
  expect_error(folder(), ErrorKind::kMissing, "tokenizer.json");
  expect_error(write("notes.md", "# notes"), ErrorKind::kBadInput, "no vocabulary");
  expect_error(write("empty.json", ""), ErrorKind::kBadInput, "no vocabulary");
  expect_error(write("cut.json", "{\"model\": {"), ErrorKind::kBadInput, "JSON");
  expect_error(write("model.gguf", "GGUF"), ErrorKind::kBadInput, "");
  write("a.gguf", "GGUF");
  expect_error(folder(), ErrorKind::kMissing, "several");
}

// One change each to a good document, and the word that the message must hold.
TEST_F(TokenizerFiles, WrongDocumentsAreNamed) {
  const json good = small_vocabulary();
  const auto expect_bad = [&](const std::string& pointer, json value, const std::string& word) {
    json bad = good;
    bad[json::json_pointer(pointer)] = std::move(value);
    expect_error(write("bad.json", json_to_text(bad)), ErrorKind::kBadInput, word);
  };
  expect_bad("/model/type", "Odd", "model.type is \"Odd\"");
  expect_bad("/model/vocab", json::array({1}), "vocab");
  expect_bad("/model/vocab/A", -1, "\"A\"");
  expect_bad("/model/vocab/A", 3000000000, "\"A\"");
  expect_bad("/model/vocab/A", "x", "\"A\"");
  expect_bad("/model/vocab/A", 40, "id 40");
  expect_bad("/model/merges/0", json::array({"h", "QQ"}), "QQ");
  expect_bad("/model/merges/0", json::array({"h"}), "merges");
  expect_bad("/model/merges/0", "a b c", "merges");
  expect_bad("/model/merges/0", json::array({"z", "q"}), "makes \"zq\"");
  expect_bad("/model/merges", 7, "merges");
  expect_bad("/model/dropout", 0.1, "dropout");
  expect_bad("/model/unk_token", "<none>", "<none>");
  expect_bad("/model/fuse_unk", "yes", "fuse_unk");
  expect_bad("/added_tokens/0/id", -5, "added_tokens[0].id");
  expect_bad("/added_tokens/0/id", 99999999999, "added_tokens[0].id");
  expect_bad("/added_tokens/0/id", 1000000, "added_tokens[0].id");
  expect_bad("/model/vocab/A", 1000000, "\"A\"");
  expect_bad("/added_tokens/0/content", 5, "added_tokens[0].content");
  expect_bad("/added_tokens", json::object(), "added_tokens");
  expect_bad("/normalizer", json{{"type", "Nmt"}}, "normalizer.type is \"Nmt\"");
  expect_bad("/normalizer", json::array(), "normalizer");
  expect_bad("/normalizer", json{{"type", "Sequence"}, {"normalizers", {{{"type", "Odd"}}}}},
             "normalizer.normalizers[0].type");
  expect_bad("/pre_tokenizer", json{{"type", "UnicodeScripts"}}, "UnicodeScripts");
  expect_bad("/pre_tokenizer",
             json{{"type", "Split"}, {"pattern", {{"Regex", "("}}}, {"behavior", "Isolated"}}, "pattern");
  expect_bad("/pre_tokenizer", json{{"type", "Split"}, {"pattern", {{"Regex", "a"}}}, {"behavior", "Odd"}},
             "behavior");
  expect_bad("/pre_tokenizer", json{{"type", "Metaspace"}, {"replacement", "xy"}}, "replacement");
  expect_bad("/pre_tokenizer", json{{"type", "Metaspace"}, {"replacement", "_"}, {"prepend_scheme", "odd"}},
             "prepend_scheme");
  expect_bad("/decoder", json{{"type", "CTC"}}, "decoder.type is \"CTC\"");
  expect_bad("/decoder", json{{"type", "Strip"}, {"content", " "}, {"start", -1}}, "start");
  expect_bad("/post_processor", json{{"type", "Odd"}}, "post_processor.type");
  expect_bad("/post_processor", json{{"type", "BertProcessing"}, {"sep", {"a", 1}}, {"cls", {"b"}}},
             "post_processor.cls");
  expect_bad("/post_processor", json{{"type", "TemplateProcessing"}, {"single", json::array()}}, "single");
  expect_bad("/post_processor/type", 7, "");
}

TEST_F(TokenizerFiles, UnigramDocumentsAreChecked) {
  const json good =
      json::parse(R"({"model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["a", -1.0]]}})");
  EXPECT_EQ(make_tokenizer(good, "test")->encode_ids("ab"), (std::vector<TokenId>{1, 0}));
  const auto expect_bad = [&](const std::string& pointer, json value, const std::string& word) {
    json bad = good;
    bad[json::json_pointer(pointer)] = std::move(value);
    expect_error(write("bad.json", json_to_text(bad)), ErrorKind::kBadInput, word);
  };
  expect_bad("/model/unk_id", 2, "unk_id");
  expect_bad("/model/vocab/1", json::array({"a"}), "vocab");
  expect_bad("/model/vocab/1", json::array({"a", "b"}), "vocab");
  expect_bad("/model/vocab/1/0", 5, "vocab");
}

// Ids of a template or an added token may lie outside the vocabulary; they must not reach outside of
// anything.
TEST_F(TokenizerFiles, IdsOutsideTheVocabularyAreHarmless) {
  json document = small_vocabulary();
  document["post_processor"] = {{"type", "BertProcessing"}, {"sep", {"s", 15999999}}, {"cls", {"c", 7777}}};
  document["added_tokens"][0]["id"] = 5000;
  const auto tokenizer = make_tokenizer(document, "test");
  const auto ids = tokenizer->encode_ids("hello <|endoftext|>", {.parse_specials = true});
  EXPECT_EQ(ids.front(), 7777);
  EXPECT_EQ(ids.back(), 15999999);
  EXPECT_THROW(tokenizer->decode(ids), Error);
  EXPECT_THROW(tokenizer->piece(-1), Error);
  EXPECT_THROW(tokenizer->token_bytes(6000), Error);
  EXPECT_FALSE(tokenizer->is_special(-1));
  EXPECT_FALSE(tokenizer->is_special(1 << 30));
  EXPECT_EQ(tokenizer->piece(4999), "") << "a hole";
}

}  // namespace
}  // namespace everform
