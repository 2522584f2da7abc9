#include "everform/domains/language/multiple_choice.h"

#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/base/error.h"

namespace everform {
namespace {

// Four choices, made so that each normalisation prefers another one.
const std::vector<ChoiceScore> kScores = {
    {.log_likelihood = -4.0, .tokens = 1, .bytes = 4, .unconditional = -4.0},    // raw: -4
    {.log_likelihood = -6.0, .tokens = 6, .bytes = 6, .unconditional = -7.0},    // per token: -1
    {.log_likelihood = -9.0, .tokens = 3, .bytes = 90, .unconditional = -10.0},  // per byte: -0.1
    {.log_likelihood = -8.0, .tokens = 2, .bytes = 8, .unconditional = -20.0},   // corrected: +12
};

TEST(MultipleChoice, EachNormalisationPicksItsOwn) {
  EXPECT_EQ(pick_choice(kScores, ChoiceNormalisation::kRaw), 0U);
  EXPECT_EQ(pick_choice(kScores, ChoiceNormalisation::kToken), 1U);
  EXPECT_EQ(pick_choice(kScores, ChoiceNormalisation::kByte), 2U);
  EXPECT_EQ(pick_choice(kScores, ChoiceNormalisation::kUnconditional), 3U);
  EXPECT_DOUBLE_EQ(normalised_score(kScores[1], ChoiceNormalisation::kToken), -1.0);
  EXPECT_DOUBLE_EQ(normalised_score(kScores[2], ChoiceNormalisation::kByte), -0.1);
  EXPECT_DOUBLE_EQ(normalised_score(kScores[3], ChoiceNormalisation::kUnconditional), 12.0);
}

TEST(MultipleChoice, TheFirstOfEqualsAndNoNumbers) {
  EXPECT_EQ(pick_choice(std::vector<ChoiceScore>{{.log_likelihood = -1}, {.log_likelihood = -1}},
                        ChoiceNormalisation::kRaw),
            0U);
  EXPECT_EQ(pick_choice(std::vector<ChoiceScore>{{.log_likelihood = -INFINITY}, {.log_likelihood = -9}},
                        ChoiceNormalisation::kRaw),
            1U);
  EXPECT_THROW(pick_choice({}, ChoiceNormalisation::kRaw), Error);
  EXPECT_THROW(pick_choice(std::vector<ChoiceScore>{{.log_likelihood = NAN}}, ChoiceNormalisation::kRaw),
               Error);
}

TEST(MultipleChoice, NamesReadBack) {
  for (const std::string& name : normalisation_names()) {
    EXPECT_EQ(normalisation_name(normalisation_from_name(name)), name);
  }
  try {
    normalisation_from_name("tokens");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.hint().find("token"), std::string::npos);
  }
}

}  // namespace
}  // namespace everform
