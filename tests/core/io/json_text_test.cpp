#include "everform/core/io/json_text.h"

#include <gtest/gtest.h>

#include "tests/core/io/io_test_support.h"

namespace everform {
namespace {

using test::refusal;

TEST(JsonText, ParsesAndRefuses) {
  EXPECT_EQ(parse_json(R"({"a":[1,{"b":null}]})", "test")["a"][0], 1);
  for (const char* bad : {"", "{", "[1,]", "{\"a\":1,}", "nul", "\"\xFF\"", "01", "1 2", "{\"a\":1}x"}) {
    EXPECT_NE(refusal([&] { parse_json(bad, "test"); }).find("not valid JSON"), std::string::npos) << bad;
  }
}

TEST(JsonText, RefusesDoubleKeysInTheSameObjectOnly) {
  EXPECT_EQ(refusal([] { parse_json(R"({"a":{"a":1},"b":{"a":2}})", "test"); }), "accepted");
  EXPECT_NE(refusal([] { parse_json(R"({"a":{"b":1,"b":2}})", "test"); }).find("occurs twice"),
            std::string::npos);
}

TEST(JsonText, LimitsDepth) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(refusal([&] { parse_json(nested(64), "test"); }), "accepted");
  EXPECT_NE(refusal([&] { parse_json(nested(66), "test"); }).find("nested deeper"), std::string::npos);
  EXPECT_NE(refusal([&] { parse_json(nested(200000), "test"); }).find("nested deeper"), std::string::npos);
}

TEST(JsonText, WritesInvalidTextAsReplacements) {
  EXPECT_EQ(json_to_text(nlohmann::json("a\xFF")), "\"a\xEF\xBF\xBD\"");
}

}  // namespace
}  // namespace everform
