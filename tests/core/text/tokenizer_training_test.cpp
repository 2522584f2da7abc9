#include "everform/core/text/tokenizer_training.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/io/json_text.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

using nlohmann::json;

std::filesystem::path reference() {
  return test::shared_data("text-bpe-reference");
}

// A text of made-up words, so that the tests need no file.
std::string made_up_text(std::uint64_t seed, std::size_t words) {
  RandomStream random(seed, "text");
  const std::vector<std::string> letters = {"a", "e", "i", "o", "u", "b", "c", "d", "f", "g",
                                            "k", "l", "m", "n", "r", "s", "t", "ä", "é"};
  std::vector<std::string> lexicon;
  for (int i = 0; i < 300; ++i) {
    std::string word;
    const std::uint64_t length = 2 + random.below(7);
    for (std::uint64_t j = 0; j < length; ++j) {
      word += letters[random.below(letters.size())];
    }
    lexicon.push_back(word);
  }
  std::string text;
  for (std::size_t i = 0; i < words; ++i) {
    text += lexicon[random.below(1 + random.below(lexicon.size()))];
    text += random.bernoulli(0.1) ? ".\n" : random.bernoulli(0.1) ? ", " : " ";
  }
  return text;
}

TEST(TokenizerTraining, BytePairsFollowTheReferenceMergeByMerge) {
  EVERFORM_NEEDS(reference());
  const json trained =
      train_tokenizer(read_file(reference() / "corpus.en"), {.vocabulary = 500, .min_count = 1});
  std::istringstream lines(read_file(reference() / "train-bpe-reference-merges.txt"));
  std::size_t index = 0;
  const json& merges = trained.at("model").at("merges");
  for (std::string line; std::getline(lines, line); ++index) {
    ASSERT_LT(index, merges.size());
    EXPECT_EQ(merges[index][0].get<std::string>() + " " + merges[index][1].get<std::string>(), line)
        << "merge " << index;
  }
  EXPECT_EQ(index, merges.size());
  EXPECT_EQ(index, 243U);
  EXPECT_EQ(trained.at("model").at("vocab"),
            json::parse(read_file(reference() / "train-bpe-reference-vocab.json")));
}

// The plain algorithm: count all pairs anew for each merge.
std::vector<std::pair<std::string, std::string>> plain_merges(const std::vector<std::string>& words,
                                                              std::size_t count) {
  std::vector<std::vector<std::string>> split;
  for (const std::string& word : words) {
    split.emplace_back();
    for (const char byte : word) {
      split.back().emplace_back(1, byte);
    }
  }
  std::vector<std::pair<std::string, std::string>> merges;
  while (merges.size() < count) {
    std::map<std::pair<std::string, std::string>, int> pairs;
    for (const auto& word : split) {
      for (std::size_t i = 0; i + 1 < word.size(); ++i) {
        ++pairs[{word[i], word[i + 1]}];
      }
    }
    auto best = pairs.end();
    for (auto pair = pairs.begin(); pair != pairs.end();
         ++pair) {  // in rising order: the last of equals is the greatest
      if (best == pairs.end() || pair->second >= best->second) {
        best = pair;
      }
    }
    if (best == pairs.end()) {
      break;
    }
    merges.push_back(best->first);
    for (auto& word : split) {
      std::vector<std::string> merged;
      for (std::size_t i = 0; i < word.size(); ++i) {
        if (i + 1 < word.size() && word[i] == best->first.first && word[i + 1] == best->first.second) {
          merged.push_back(word[i] + word[i + 1]);
          ++i;
        } else {
          merged.push_back(word[i]);
        }
      }
      word = std::move(merged);
    }
  }
  return merges;
}

TEST(TokenizerTraining, BytePairsAgreeWithCountingEverythingAnew) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    RandomStream random(seed, "words");
    std::string text;
    std::vector<std::string> words;
    for (int i = 0; i < 60; ++i) {
      std::string word = i == 0 ? "" : " ";
      for (std::uint64_t j = 0; j < 1 + random.below(12); ++j) {
        word += static_cast<char>('a' + random.below(3));  // few letters: many ties and overlapping pairs
      }
      words.push_back(word);
      text += word;
    }
    const json trained = train_tokenizer(text, {.vocabulary = 256 + 40, .specials = {}, .min_count = 1});
    const auto expected = plain_merges(words, 40);
    const json& merges = trained.at("model").at("merges");
    ASSERT_EQ(merges.size(), expected.size()) << "seed " << seed;
    for (std::size_t i = 0; i < merges.size(); ++i) {
      const auto spelled = [](std::string piece) { return piece[0] == ' ' ? "Ġ" + piece.substr(1) : piece; };
      EXPECT_EQ(merges[i][0], spelled(expected[i].first)) << "seed " << seed << ", merge " << i;
      EXPECT_EQ(merges[i][1], spelled(expected[i].second)) << "seed " << seed << ", merge " << i;
    }
  }
}

TEST(TokenizerTraining, SpecialTokensCutTheTextAndAreNotLearned) {
  std::string text;
  for (int i = 0; i < 50; ++i) {
    text += "abab<|endoftext|>";
  }
  const json trained = train_tokenizer(text, {.vocabulary = 300});
  for (const auto& [piece, id] : trained.at("model").at("vocab").items()) {
    EXPECT_TRUE(piece == "<|endoftext|>" || piece.find("endof") == std::string::npos) << piece;
  }
  const auto tokenizer = make_tokenizer(trained, "test");
  EXPECT_EQ(tokenizer->encode_ids("abab<|endoftext|>", {.parse_specials = true}).back(), 0);
  for (const TokenId id : tokenizer->encode_ids("abab<|endoftext|>")) {
    EXPECT_FALSE(tokenizer->is_special(id));
  }
}

class TrainedKinds : public testing::TestWithParam<const char*> {};

TEST_P(TrainedKinds, LoadBackAndSpellTheirText) {
  const std::string text = made_up_text(1, 4000);
  const TokenizerTraining options{.kind = GetParam(), .vocabulary = 400};
  const json trained = train_tokenizer(text, options);
  EXPECT_EQ(trained, train_tokenizer(text, options)) << "the same text gives the same vocabulary";
  const test::TemporaryFolder folder;
  write_file(folder.path() / "tokenizer.json", json_to_text(trained));
  const auto tokenizer = load_tokenizer(folder.path());
  EXPECT_LE(tokenizer->vocabulary_size(), 400U);
  const auto ids = tokenizer->encode_ids(text);
  const std::string decoded = tokenizer->decode(ids);
  EXPECT_EQ(tokenizer->encode_ids(decoded), ids) << "decoding and encoding again changes nothing";
  const auto unknown = tokenizer->find_piece(tokenizer->kind() == "wordpiece" ? "[UNK]" : "<unk>");
  for (const TokenId id : ids) {
    EXPECT_NE(std::optional(id), unknown);
  }
  if (std::string(GetParam()) != "wordpiece" && std::string(GetParam()) != "unigram") {
    EXPECT_EQ(decoded, text);
  }
  EXPECT_EQ(tokenizer->find_piece("<|endoftext|>"),
            std::string(GetParam()) == "bpe" || std::string(GetParam()) == "bytes" ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(All, TrainedKinds,
                         testing::ValuesIn({"bpe", "unigram", "wordpiece", "characters", "bytes"}));

TEST(TokenizerTraining, LearnedVocabulariesAreShorterThanCharacters) {
  const std::string text = made_up_text(2, 6000);
  std::map<std::string, std::size_t> tokens;
  for (const char* kind : {"bpe", "unigram", "wordpiece", "characters"}) {
    tokens[kind] = make_tokenizer(train_tokenizer(text, {.kind = kind, .vocabulary = 600}), "test")
                       ->encode_ids(text)
                       .size();
  }
  EXPECT_LT(tokens["bpe"], tokens["characters"] / 2);
  EXPECT_LT(tokens["unigram"], tokens["characters"] / 2);
  EXPECT_LT(tokens["wordpiece"], tokens["characters"] / 2);
}

TEST(TokenizerTraining, UnigramPrefersTheWordsOfTheText) {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    text += "kitten sitting kitten mitten ";
  }
  const json trained = train_tokenizer(text, {.kind = "unigram", .vocabulary = 24, .specials = {}});
  const auto tokenizer = make_tokenizer(trained, "test");
  EXPECT_LE(tokenizer->vocabulary_size(), 24U);
  EXPECT_EQ(tokenizer->encode_ids("kitten").size(), 1U);
  double total = 0.0;
  for (const json& piece : trained.at("model").at("vocab")) {
    total += piece[1].get<double>() < 0 ? std::exp(piece[1].get<double>()) : 0.0;
  }
  EXPECT_NEAR(total, 1.0, 0.1) << "scores are log-probabilities";
}

TEST(TokenizerTraining, CharactersKeepTheMostFrequent) {
  const json trained =
      train_tokenizer("aaaabbbccd\n", {.kind = "characters", .vocabulary = 4, .specials = {}});
  EXPECT_EQ(trained.at("model").at("vocab"), json::parse(R"({"<unk>":0,"a":1,"b":2,"c":3})"));
  const auto tokenizer = make_tokenizer(trained, "test");
  EXPECT_EQ(tokenizer->kind(), "characters");
  EXPECT_EQ(tokenizer->encode_ids("abcd"), (std::vector<TokenId>{1, 2, 3, 0}));
}

TEST(TokenizerTraining, BytesAreTheirOwnIds) {
  const auto tokenizer = make_tokenizer(train_tokenizer("", {.kind = "bytes", .specials = {}}), "test");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all.push_back(static_cast<char>(byte));
  }
  const auto ids = tokenizer->encode_ids(all);
  ASSERT_EQ(ids.size(), 256U);
  for (int byte = 0; byte < 256; ++byte) {
    EXPECT_EQ(ids[static_cast<std::size_t>(byte)], byte);
  }
  EXPECT_EQ(tokenizer->decode(ids), all);
}

TEST(TokenizerTraining, ImpossibleOptionsAreUsageErrors) {
  const auto kind_of = [](const TokenizerTraining& options) {
    try {
      train_tokenizer("some text äöü", options);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::kFailed;
  };
  EXPECT_EQ(kind_of({.kind = "unigrams"}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({.kind = "bpe", .vocabulary = 100}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({.kind = "unigram", .vocabulary = 5}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({.kind = "wordpiece", .vocabulary = 5}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({.kind = "bpe", .specials = {"<s>", "<s>"}}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({.kind = "bpe", .specials = {""}}), ErrorKind::kUsage);
  EXPECT_EQ(kind_of({.kind = "bpe", .specials = {"\xff"}}), ErrorKind::kUsage);
}

}  // namespace
}  // namespace everform
