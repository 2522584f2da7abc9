#include "everform/domains/language/text_statistics.h"

#include <gtest/gtest.h>

namespace everform {
namespace {

TEST(TextStatistics, OfAKnownText) {
  const TextStatistics s = text_statistics("a b a b\na b é");
  EXPECT_EQ(s.bytes, 14U);
  EXPECT_EQ(s.characters, 13U);
  EXPECT_EQ(s.words, 7U);
  EXPECT_EQ(s.lines, 2U);
  EXPECT_DOUBLE_EQ(s.distinct_1, 3.0 / 7.0);
  EXPECT_DOUBLE_EQ(s.distinct_2, 3.0 / 6.0);  // ab, ba, bé
  EXPECT_DOUBLE_EQ(s.repetition_4, 0.25);     // abab, baba, abab, babé
}

TEST(TextStatistics, EntropyOfBytes) {
  EXPECT_DOUBLE_EQ(text_statistics("aabb").byte_entropy, 1.0);
  EXPECT_DOUBLE_EQ(text_statistics("aaaa").byte_entropy, 0.0);
  EXPECT_DOUBLE_EQ(text_statistics("abcd").byte_entropy, 2.0);
}

TEST(TextStatistics, EmptyAndBrokenTexts) {
  const TextStatistics none = text_statistics("");
  EXPECT_EQ(none.words, 0U);
  EXPECT_EQ(none.lines, 0U);
  EXPECT_EQ(none.distinct_1, 0.0);
  EXPECT_EQ(none.byte_entropy, 0.0);
  EXPECT_EQ(text_statistics("\xFF\xFE").characters, 2U);
}

}  // namespace
}  // namespace everform
