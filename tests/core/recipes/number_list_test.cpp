#include "everform/core/recipes/number_list.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"

namespace everform {
namespace {

TEST(NumberList, ReadsListsAndRanges) {
  EXPECT_EQ(parse_number_list("0,0.25,1e2", "test"), (std::vector<double>{0, 0.25, 100}));
  EXPECT_EQ(parse_number_list("-3", "test"), (std::vector<double>{-3}));
  EXPECT_EQ(parse_number_list("0:1:5", "test"), (std::vector<double>{0, 0.25, 0.5, 0.75, 1}));
  EXPECT_EQ(parse_number_list("2:1:2", "test"), (std::vector<double>{2, 1}));
}

TEST(NumberList, RefusesTheRest) {
  for (const char* text : {"", ",", "1,", "1,,2", "a", "1;2", "1 ,2", "0:1", "0:1:1", "0:1:2.5", "0:1:5000",
                           "0:1:2:3", "1:2,3", "nan", "inf"}) {
    try {
      parse_number_list(text, "reading --order");
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_EQ(error.where(), "reading --order");
    }
  }
}

}  // namespace
}  // namespace everform
