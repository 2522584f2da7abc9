#include "everform/core/recipes/nearest_name.h"

#include <gtest/gtest.h>

namespace everform {
namespace {

TEST(EditDistance, KnownAnswers) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("generate", "genreate"), 1U);
  EXPECT_EQ(edit_distance("same", "same"), 0U);
}

TEST(NearestName, FindsTyposAndStaysSilentOtherwise) {
  const std::vector<std::string> names = {"train", "generate", "evaluate"};
  EXPECT_EQ(nearest_name("trian", names), "train");
  EXPECT_EQ(nearest_name("gen", names), "generate");
  EXPECT_EQ(nearest_name("zzzzzz", names), std::nullopt);
  EXPECT_EQ(nearest_name("", names), std::nullopt);
  EXPECT_EQ(suggestion("zzzzzz", names), "valid: train, generate, evaluate");
}

}  // namespace
}  // namespace everform
