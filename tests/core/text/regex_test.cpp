#include "everform/core/text/regex.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/core/text/split_styles.h"

namespace everform::text {
namespace {

std::vector<std::string> matches(const std::string& pattern, const std::string& text,
                                 RegexDialect dialect = RegexDialect::kOniguruma) {
  const Regex regex(pattern, dialect, "test");
  Regex::Search search(regex, text);
  std::vector<std::string> out;
  while (const auto match = search.next()) {
    out.push_back(text.substr(match->begin, match->size()));
  }
  return out;
}

using Strings = std::vector<std::string>;

TEST(Regex, ClassesAreUnicodes) {
  EXPECT_EQ(matches(R"(\w+)", "aé中_1² ⅷ-x"), (Strings{"aé中_1", "ⅷ", "x"}));
  EXPECT_EQ(matches(R"(\d+)", "12٣²x"), (Strings{"12٣"}));
  EXPECT_EQ(matches(R"(\s+)", "a\u00a0\u2003b\u180ec\u0085d"), (Strings{"\u00a0\u2003", "\u0085"}))
      << "U+180E is no white space";
  EXPECT_EQ(matches(R"([^\s]+)", "a\u180eb c"), (Strings{"a\u180eb", "c"}));
  EXPECT_EQ(matches(R"(\S+)", "a\u3000b"), (Strings{"a", "b"}));
  EXPECT_EQ(matches(R"(\p{Han}+)", "a中文b"), (Strings{"中文"}));
}

TEST(Regex, EmptyMatchesAreLeftOut) {
  EXPECT_EQ(matches("a*", "baac"), (Strings{"aa"}));
  EXPECT_EQ(matches("(?=a)", "aaa"), (Strings{}));
  EXPECT_EQ(matches("é*", "xééy"), (Strings{"éé"}));
}

TEST(Regex, DialectsDiffer) {
  EXPECT_EQ(matches("a$", "a\na", RegexDialect::kOniguruma).size(), 2U) << "Oniguruma's $ ends every line";
  EXPECT_EQ(matches("a$", "a\na", RegexDialect::kRust).size(), 1U);
  EXPECT_EQ(matches(".+", "a\nb", RegexDialect::kOniguruma).size(), 2U);
  EXPECT_EQ(matches("(?m:.+)", "a\nb", RegexDialect::kOniguruma).size(), 1U)
      << "Oniguruma's (?m) is the dot that takes all";
  EXPECT_EQ(matches(R"(\h+)", "12fFg", RegexDialect::kOniguruma), (Strings{"12fF"})) << "hex digits";
  EXPECT_EQ(matches("(?i:'s|'ll)", "'S 'Ll", RegexDialect::kRust), (Strings{"'S", "'Ll"}));
}

TEST(Regex, NestedClassesAreUnions) {
  EXPECT_EQ(matches("[^(a|[.,!])]+", "xa.y(z)w"), (Strings{"x", "y", "z", "w"}));
  EXPECT_EQ(matches("[a[b-d]]+", "abcde"), (Strings{"abcd"}));
  EXPECT_EQ(matches("[]a]+", "x]a]"), (Strings{"]a]"}));
  EXPECT_EQ(matches("[[:digit:]x]+", "a1x2"), (Strings{"1x2"}));
  EXPECT_EQ(matches(R"([\]\[]+)", "a[]b"), (Strings{"[]"}));
}

TEST(Regex, BrokenUtf8MatchesLikeAControlCharacter) {
  EXPECT_EQ(matches(R"(\p{L}+)",
                    "ab\xff"
                    "cd\xc3"),
            (Strings{"ab", "cd"}));
  EXPECT_EQ(matches(R"([^\s\p{L}]+)", "a\xff\xfe b"), (Strings{"\xff\xfe"}));
  EXPECT_EQ(matches(R"(\s+(?!\S)|\s+)", "a \xff"), (Strings{" "}));
}

void expect_refused(const std::string& pattern, const std::string& word) {
  try {
    const Regex regex(pattern, RegexDialect::kOniguruma, "reading x.json");
    ADD_FAILURE() << pattern << " was taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_EQ(error.where(), "reading x.json");
    EXPECT_NE(error.message().find(word), std::string::npos) << error.message();
  }
}

TEST(Regex, WhatIsNotSupportedIsNamed) {
  expect_refused("[a&&b]", "&&");
  expect_refused("[a[^b]]", "negated class inside a class");
  expect_refused(R"(a\K)", "\\K");
  expect_refused("(a", "parenthes");
  expect_refused("[a", "closing bracket");
  expect_refused("[[:alpha", "[:");
  expect_refused("a\\", "backslash");
  expect_refused(R"(\C)", "compiled");
  expect_refused(std::string(70000, 'a'), "65536");
}

TEST(Regex, LongRunsStayUnderTheStepLimit) {
  for (const std::string_view pattern : {o200k_pattern(), llama3_pattern(), gpt2_pattern()}) {
    const std::string grouped = "(?:" + std::string(pattern) + ")";
    for (const char* unit : {" ", "a", "A", "1", "!", "\n", "é"}) {
      std::string text;
      while (text.size() < 1'000'000) {
        text += unit;
      }
      std::size_t covered = 0;
      for (const std::string& match : matches(grouped, text + "x", RegexDialect::kRust)) {
        covered += match.size();
      }
      EXPECT_EQ(covered, text.size() + 1) << pattern << " on " << testing::PrintToString(unit);
    }
  }
}

TEST(Regex, RunawayPatternsEnd) {
  const Regex regex("(a+)+b", RegexDialect::kRust, "test");
  Regex::Search search(
      regex, std::string_view("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac"));
  try {
    EXPECT_FALSE(search.next().has_value());
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kFailed);
  }
}

}  // namespace
}  // namespace everform::text
