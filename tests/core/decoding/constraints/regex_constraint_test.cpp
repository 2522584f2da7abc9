#include <gtest/gtest.h>

#include "constraint_test_support.h"

namespace everform {
namespace {

using test::accepts;
using test::byte_vocabulary;
using test::refusal;

struct Case {
  const char* pattern;
  std::vector<std::string> fits;
  std::vector<std::string> fits_not;
};

TEST(RegexConstraint, HoldsTheWholeText) {
  const std::vector<Case> cases = {
      {"abc", {"abc"}, {"", "ab", "abcd", "xabc"}},
      {"^abc$", {"abc"}, {"ab"}},
      {"a|bc|", {"a", "bc", ""}, {"b", "abc"}},
      {"(a|b)*c", {"c", "abbac"}, {"ab", "cc"}},
      {"a{2,3}", {"aa", "aaa"}, {"a", "aaaa"}},
      {"a{2}", {"aa"}, {"a", "aaa"}},
      {"a{2,}?b", {"aab", "aaaaab"}, {"ab"}},
      {"[a-cx]+", {"abcx"}, {"d", ""}},
      {"[^a-z]", {"A", "é", "東", "😀", "\n"}, {"b", "éé", ""}},
      {"[\\]\\-^]", {"]", "-", "^"}, {"\\"}},
      {"[a-]", {"a", "-"}, {"b"}},
      {"\\d{3}-\\w+", {"123-a_9"}, {"12-a", "123-", "123-é"}},
      {"\\s\\S", {" x", "\tx", "\u00a0é"}, {"  ", "xx"}},
      {".", {"a", "é", "😀"}, {"\n", "ab"}},
      {"[α-ω]+", {"αβγ"}, {"a", "Α"}},
      {"\\p{Lu}\\p{Ll}*", {"Über", "A"}, {"über", "1"}},
      {"\\x41\\u00e9\\u{1F600}\\ud83d\\ude00", {"Aé😀😀"}, {"Aé😀"}},
      {"(?:x(?<name>y)?)+", {"x", "xyx", "xyxy"}, {"y"}},
      {"((a*)*)*", {"", "aaa"}, {"b"}},
      {"\\(\\)\\.", {"()."}, {"()x"}},
      {"", {""}, {"a"}},
  };
  for (const Case& example : cases) {
    const auto constraint = regex_constraint(example.pattern, byte_vocabulary());
    for (const std::string& text : example.fits) {
      EXPECT_TRUE(accepts(*constraint, text)) << example.pattern << " and \"" << text << '"';
    }
    for (const std::string& text : example.fits_not) {
      EXPECT_FALSE(accepts(*constraint, text)) << example.pattern << " and \"" << text << '"';
    }
  }
}

TEST(RegexConstraint, OnlyWholeCharactersCanBeWritten) {
  const auto constraint = regex_constraint("[^x]", byte_vocabulary());
  for (const char* broken : {"\xC3", "\xA9", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"}) {
    EXPECT_FALSE(accepts(*constraint, broken));
  }
}

TEST(RegexConstraint, TokensOfSeveralBytesAreHeldAsAWhole) {
  const auto pair = regex_constraint("x?ab*", byte_vocabulary())->begin(0);
  EXPECT_TRUE(test::allows(*pair, {}, test::ByteTokenizer::kPair, 258));
  EXPECT_TRUE(test::allows(*pair, {'x'}, test::ByteTokenizer::kPair, 258));
  EXPECT_FALSE(test::allows(*pair, {'a'}, test::ByteTokenizer::kPair, 258));
  const auto single = regex_constraint("a", byte_vocabulary())->begin(0);
  EXPECT_FALSE(test::allows(*single, {}, test::ByteTokenizer::kPair, 258));
}

TEST(RegexConstraint, ThePromptIsNotBound) {
  const auto processor = regex_constraint("b", byte_vocabulary())->begin(2);
  EXPECT_TRUE(test::allows(*processor, {'x', 'y'}, 'b', 258));
  EXPECT_FALSE(test::allows(*processor, {'x', 'y', 'b'}, 'b', 258));
  EXPECT_TRUE(test::allows(*processor, {'x', 'y', 'b'}, test::ByteTokenizer::kEnd, 258));
}

TEST(RegexConstraint, AContextMayBeTakenBack) {
  const auto processor = regex_constraint("(ax|by)+", byte_vocabulary())->begin(0);
  EXPECT_TRUE(test::allows(*processor, {'a', 'x', 'b'}, 'y', 258));
  EXPECT_TRUE(test::allows(*processor, {'a'}, 'x', 258));
  EXPECT_TRUE(test::allows(*processor, {'b'}, 'y', 258));
  EXPECT_FALSE(test::allows(*processor, {'b'}, 'x', 258));
}

TEST(RegexConstraint, AfterTheEndOnlyTheEndIsLeft) {
  const auto processor = regex_constraint("a*", byte_vocabulary())->begin(0);
  EXPECT_FALSE(test::allows(*processor, {'a', test::ByteTokenizer::kEnd}, 'a', 258));
  EXPECT_TRUE(test::allows(*processor, {'a', test::ByteTokenizer::kEnd}, test::ByteTokenizer::kEnd, 258));
}

TEST(RegexConstraint, ATokenThatDoesNotFitIsAnError) {
  const auto processor = regex_constraint("a", byte_vocabulary())->begin(0);
  std::vector<float> logits(258, 0.0F);
  EXPECT_EQ(refusal([&] { processor->apply(std::vector<TokenId>{'b'}, logits); }).kind(), ErrorKind::kFailed);
}

TEST(RegexConstraint, RefusesWhatItDoesNotUnderstandWithItsOffset) {
  const std::vector<std::pair<const char*, int>> cases = {
      {"ab(?=c)", 2}, {"(?<!a)b", 0},     {"(?i)a", 0},     {"(a)\\1", 3},  {"a\\b", 1},  {"a++", 2},
      {"*a", 0},      {"a**", 2},         {"(a", 0},        {"a)", 1},      {"[a", 0},    {"[z-a]", 1},
      {"a{3,2}", 1},  {"a{", 1},          {"a{200000}", 1}, {"x$y", 1},     {"x^", 1},    {"\\q", 0},
      {"\\p{Xx}", 0}, {"[[:alpha:]]", 1}, {"\\u12", 0},     {"\\ud800", 0}, {"a\xFF", 1}, {"a\\", 1},
      {"[]", 0},      {"(?<n", 0},
  };
  for (const auto& [pattern, offset] : cases) {
    const Error error = refusal([&, p = pattern] { regex_constraint(p, byte_vocabulary()); });
    EXPECT_EQ(error.kind(), ErrorKind::kUsage) << pattern;
    EXPECT_NE(error.message().find("offset " + std::to_string(offset) + ":"), std::string::npos)
        << pattern << ": " << error.message();
  }
}

TEST(RegexConstraint, HostilePatternsEndInAnErrorSoon) {
  const std::string deep(100'000, '(');
  std::string alternatives;
  for (int i = 0; i < 20; ++i) {
    alternatives += "(.*a.*b.*c" + std::to_string(i) + ")|";
  }
  for (const std::string& pattern :
       {std::string("(((a{100}){100}){100}){100}"), std::string("(a|b)*a(a|b){40}"), deep,
        std::string("[a-z]{100000}{2}"), std::string("(\\w{1,1000}x){1000}"),
        std::string("(){100000}") + deep, std::string("(\\p{L}{1,1000}){1,1000}"), alternatives + "x{90000}",
        std::string(2'000'000, 'a')}) {
    EXPECT_EQ(refusal([&] { regex_constraint(pattern, byte_vocabulary()); }).kind(), ErrorKind::kUsage)
        << pattern.substr(0, 40);
  }
}

TEST(Constraint, NeedsAnEndToken) {
  ConstraintVocabulary vocabulary = byte_vocabulary();
  vocabulary.end_tokens.clear();
  EXPECT_EQ(refusal([&] { regex_constraint("a", vocabulary); }).kind(), ErrorKind::kUsage);
  vocabulary.end_tokens = {1000};
  EXPECT_EQ(refusal([&] { regex_constraint("a", vocabulary); }).kind(), ErrorKind::kUsage);
}

}  // namespace
}  // namespace everform
