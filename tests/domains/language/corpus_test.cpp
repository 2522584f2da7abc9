#include "everform/domains/language/corpus.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/domains/language/wikitext.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

void write_gzip(const std::filesystem::path& path, const std::string& text) {
  const gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
}

ErrorKind kind_of_reading(const std::filesystem::path& path, std::size_t limit = 1U << 20U) {
  try {
    read_text(path, limit);
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "no error for " << path;
  return ErrorKind::kFailed;
}

TEST(Corpus, ReadsPlainAndPackedTextAlike) {
  const test::TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 20000; ++i) {
    text += "line " + std::to_string(i * 7919 % 1000) + " größe\n";
  }
  write_file(folder.path() / "a.txt", "\xEF\xBB\xBF" + text);
  write_gzip(folder.path() / "b.txt.gz", text);
  EXPECT_EQ(read_text(folder.path() / "a.txt"), text);
  EXPECT_EQ(read_text(folder.path() / "b.txt.gz"), text);

  // Members one behind the other are one text.
  std::string packed = read_file(folder.path() / "b.txt.gz");
  write_file(folder.path() / "c.gz", packed + packed);
  EXPECT_EQ(read_text(folder.path() / "c.gz"), text + text);

  const std::vector<Document> documents = read_documents(folder.path());
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_EQ(documents[1].name, "b.txt.gz");
}

TEST(Corpus, RefusesBadFiles) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(kind_of_reading(folder.path() / "none.txt"), ErrorKind::kMissing);
  write_file(folder.path() / "latin.txt", "one\ntwo \xE4\n");
  EXPECT_EQ(kind_of_reading(folder.path() / "latin.txt"), ErrorKind::kBadInput);
  write_gzip(folder.path() / "whole.gz", std::string(100000, 'x'));
  const std::string packed = read_file(folder.path() / "whole.gz");
  for (std::size_t size = 2; size < packed.size(); size += 7) {
    write_file(folder.path() / "cut.gz", packed.substr(0, size));
    EXPECT_EQ(kind_of_reading(folder.path() / "cut.gz"), ErrorKind::kBadInput) << size;
  }
  std::string damaged = packed;
  damaged[damaged.size() - 6] ^= 0x55;
  write_file(folder.path() / "damaged.gz", damaged);
  EXPECT_EQ(kind_of_reading(folder.path() / "damaged.gz"), ErrorKind::kBadInput);
  EXPECT_EQ(kind_of_reading(folder.path() / "whole.gz", 50000), ErrorKind::kBadInput);
  std::filesystem::create_directory(folder.path() / "empty");
  EXPECT_THROW(read_documents(folder.path() / "empty"), Error);
}

TEST(Corpus, ParagraphsLoseTheirWrapping) {
  EXPECT_EQ(paragraphs("  One\n  two.\r\n\n\n \t\nThree\n"), (std::vector<std::string>{"One two.", "Three"}));
  EXPECT_EQ(paragraphs("One\n\u00A0\u00A0 two.\u00A0\n \u00A0\nThree"),
            (std::vector<std::string>{"One two.", "Three"}));
  EXPECT_TRUE(paragraphs(" \n\n").empty());
}

TEST(Corpus, KnowsProse) {
  EXPECT_TRUE(is_prose("The quick brown fox jumps over the lazy dog, and then it sleeps for an hour."));
  EXPECT_FALSE(is_prose("1.2.3. A heading"));
  EXPECT_FALSE(is_prose("$ dpkg --configure -a && apt-get install --reinstall foo=1.2-3 bar=4:5.6~rc1 ."));
  EXPECT_FALSE(is_prose("the quick brown fox jumps over the lazy dog, and then it sleeps for an hour."));
  EXPECT_FALSE(is_prose("The quick brown fox jumps over the lazy dog and then it sleeps for an hour"));
}

TEST(Corpus, HeldOutPartsComeFromEveryDocument) {
  std::string first;
  for (int i = 0; i < 100; ++i) {
    first += "first " + std::to_string(i) + "\n\n";
  }
  const std::vector<Document> documents = {{"a", first},
                                           {"b", "second one\nsecond two\nsecond three\nsecond four"}};
  const CorpusSplit split = split_corpus(documents, 0.25);
  ASSERT_EQ(split.held_out.size(), 2U);
  EXPECT_TRUE(split.held_out[0].starts_with("first ")) << split.held_out[0].substr(0, 20);
  EXPECT_NE(split.held_out[0].find("first 99"), std::string::npos);
  EXPECT_EQ(split.held_out[1], "second four");
  EXPECT_NE(split.train.find("second one"), std::string::npos);
  EXPECT_EQ(split.train.find("second four"), std::string::npos);
  EXPECT_EQ(split.train.find("first 99\n"), std::string::npos);
  const double held_out = static_cast<double>(split.held_out[0].size() + split.held_out[1].size());
  EXPECT_NEAR(held_out / (held_out + static_cast<double>(split.train.size())), 0.25, 0.02);
  EXPECT_EQ(held_out_sample(split, 14), split.held_out[0].substr(0, 7) + "\n\nsecond ");
  EXPECT_THROW(split_corpus(documents, 0.0), Error);
}

TEST(Corpus, PrefixesEndAtCharacters) {
  EXPECT_EQ(utf8_prefix("aé", 2), "a");
  EXPECT_EQ(utf8_prefix("aé", 3), "aé");
  EXPECT_EQ(utf8_prefix("abc", 99), "abc");
  EXPECT_EQ(utf8_prefix("é", 1), "");
}

TEST(WikiText, FindsArticlesAndParagraphs) {
  const auto articles = parse_wikitext(
      " \n = Lobster = \n \n The lobster is blue . \n \n = = Description = = \n \n It is = large . \n"
      " = Another one = \n \n Text . \n");
  ASSERT_EQ(articles.size(), 2U);
  EXPECT_EQ(articles[0].title, "Lobster");
  EXPECT_EQ(articles[0].paragraphs, (std::vector<std::string>{"The lobster is blue .", "It is = large ."}));
  EXPECT_EQ(articles[1].title, "Another one");
}

TEST(WikiText, WordsAreJoinedAsWritten) {
  EXPECT_EQ(detokenize_wikitext("up to 5 @-@ 6 kg ( 11 lb ) , 1 @,@ 000 and 0 @.@ 7 %"),
            "up to 5-6 kg (11 lb), 1,000 and 0.7%");
  EXPECT_EQ(detokenize_wikitext("becoming \" lobster red \" on cooking ; it is John 's"),
            "becoming \"lobster red\" on cooking; it is John's");
  EXPECT_EQ(detokenize_wikitext("a <unk> b"), "a <unk> b");
}

TEST(WikiText, ReadsTheWholeValidationFile) {
  const auto path = test::shared_data("text-wikitext2/valid.txt.gz");
  EVERFORM_NEEDS(path);
  const auto articles = parse_wikitext(read_text(path));
  EXPECT_EQ(articles.size(), 60U);
  EXPECT_EQ(articles.front().title, "Homarus gammarus");
}

}  // namespace
}  // namespace everform
