#include "everform/domains/language/english_text.h"

#include <gtest/gtest.h>

#include "everform/core/base/atomic_file.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

TEST(EnglishText, IsRunningText) {
  const test::TemporaryFolder folder;
  const std::string prose = "The quick brown fox jumps over\n  the lazy dog, and then it sleeps for an hour.";
  write_file(folder.path() / "a.txt", "1. Title\n\n  " + prose + "\n");
  write_file(folder.path() / "b.txt",
             " = One = \n Here ( it ) is . \n = Two = \n = = Part = = \n A 5 @-@ 6 . \n = Three = \n");
  const std::vector<Document> documents = read_english(folder.path());
  ASSERT_EQ(documents.size(), 2U);
  EXPECT_EQ(documents[0].text,
            "1. Title\n\nThe quick brown fox jumps over the lazy dog, and then it sleeps for an hour.\n\n");
  EXPECT_EQ(documents[1].text, "One\n\nHere (it) is.\n\nTwo\n\nA 5-6.\n\nThree\n\n");
  EXPECT_EQ(prose_paragraphs(documents),
            std::vector<std::string>{
                "The quick brown fox jumps over the lazy dog, and then it sleeps for an hour."});
}

TEST(EnglishText, DebiansManualsAreLongEnough) {
  EVERFORM_NEEDS(std::filesystem::path("/usr/share/debian-reference/debian-reference.en.txt.gz"));
  EVERFORM_NEEDS(std::filesystem::path("/usr/share/doc/debian-policy/policy.txt.gz"));
  const std::vector<Document> documents = debian_english();
  const CorpusSplit split = split_corpus(documents, 0.1);
  EXPECT_GE(split.train.size(), 1'000'000U);
  EXPECT_GE(prose_paragraphs(documents).size(), 500U);
}

}  // namespace
}  // namespace everform
