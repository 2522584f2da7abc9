#include "everform/core/base/error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

namespace everform {
namespace {

TEST(Error, IsAtMostThreeLinesWhateverTheTexts) {
  const Error error(ErrorKind::kBadInput, "reading a\nb", "found\r\n\x1b[31m bad \xff bytes", "do\nthis");
  const std::string text = error.what();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(error.exit_status(), 3);
}

TEST(Error, JsonHasTheContractsKeys) {
  const auto json = Error(ErrorKind::kMissing, "w", "m", "h").to_json();
  EXPECT_EQ(json["error"]["kind"], "missing");
  EXPECT_EQ(json["error"]["where"], "w");
  EXPECT_EQ(json["error"]["message"], "m");
  EXPECT_EQ(json["error"]["hint"], "h");
}

TEST(Printable, CutsLongTexts) {
  EXPECT_EQ(printable(std::string(500, 'a'), 10), "aaaaaaaaaa...");
}

}  // namespace
}  // namespace everform
