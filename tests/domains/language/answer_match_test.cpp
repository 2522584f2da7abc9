#include "everform/domains/language/answer_match.h"

#include <gtest/gtest.h>

namespace everform {
namespace {

TEST(AnswerMatch, NormalisesAsSquadDoes) {
  EXPECT_EQ(normalise_answer("  The  Eiffel-Tower, in\tParis! "), "eiffeltower in paris");
  EXPECT_EQ(normalise_answer("A theory of an atom"), "theory of atom");
  EXPECT_EQ(normalise_answer("Köln"), "köln");
  EXPECT_EQ(normalise_answer("the ."), "");
}

TEST(AnswerMatch, ExactMatchOfAnyRightAnswer) {
  EXPECT_TRUE(exact_match("the Broncos.", {"Denver Broncos", "broncos"}));
  EXPECT_FALSE(exact_match("Broncos of Denver", {"Denver Broncos"}));
}

TEST(AnswerMatch, F1CountsSharedWordsWithRepetition) {
  EXPECT_DOUBLE_EQ(answer_f1("Denver Broncos", {"the Denver Broncos"}), 1.0);
  // Shares 2 of 3 and 2 of 2: 2 * 2 / 5.
  EXPECT_DOUBLE_EQ(answer_f1("big Denver Broncos", {"Denver Broncos"}), 0.8);
  EXPECT_DOUBLE_EQ(answer_f1("yes yes yes", {"yes"}), 0.5);
  EXPECT_DOUBLE_EQ(answer_f1("no", {"yes", "no way"}), 2.0 / 3.0);
  EXPECT_DOUBLE_EQ(answer_f1("", {"yes"}), 0.0);
  EXPECT_DOUBLE_EQ(answer_f1("the", {"a"}), 1.0);
}

}  // namespace
}  // namespace everform
