#include <gtest/gtest.h>

#include "constraint_test_support.h"

namespace everform {
namespace {

using test::accepts;
using test::byte_vocabulary;
using test::refusal;

TEST(GrammarConstraint, ReadsTheNotation) {
  const auto constraint = grammar_constraint(
      "# a list of sums\n"
      "root  ::= line+ # one or more\n"
      "line  ::= sum (\",\" ws sum)* \"\\n\"\n"
      "sum   ::= term ([-+] term)*\n"
      "term  ::= number |\n"
      "          \"(\" sum \")\"\n"
      "number ::= [0-9]{1,3} (\".\" [^a-z\\n ])?\n"
      "ws ::= [ \\t]*\n",
      byte_vocabulary());
  for (const char* text : {"1\n", "1+2-3\n", "((1)+22)\n", "1,  2\n3\n", "1.é\n", "123\n"}) {
    EXPECT_TRUE(accepts(*constraint, text)) << text;
  }
  for (const char* text : {"", "1", "1+\n", "(1\n", "1)\n", "1234\n", "1.a\n", "1 ,2\n"}) {
    EXPECT_FALSE(accepts(*constraint, text)) << text;
  }
}

TEST(GrammarConstraint, RecursionIsCountedByAStack) {
  const auto constraint = grammar_constraint("root ::= \"a\" root \"b\" | \"ab\"", byte_vocabulary());
  EXPECT_TRUE(accepts(*constraint, "aaabbb"));
  EXPECT_TRUE(accepts(*constraint, std::string(500, 'a') + std::string(500, 'b')));
  EXPECT_FALSE(accepts(*constraint, "aaabb"));
  EXPECT_FALSE(accepts(*constraint, "aabbb"));
}

TEST(GrammarConstraint, AmbiguousGrammarsStaySmall) {
  // 2^n ways to have read n letters.
  const auto constraint = grammar_constraint(
      "root ::= one | two\none ::= \"a\" root? \"x\"?\ntwo ::= \"a\" root? \"y\"?\n", byte_vocabulary());
  EXPECT_TRUE(accepts(*constraint, std::string(200, 'a') + "xyxyyx"));
  EXPECT_FALSE(accepts(*constraint, "aaxyx"));
  const auto sums = grammar_constraint("root ::= \"n\" rest\nrest ::= (\"+\" root)*\n", byte_vocabulary());
  EXPECT_TRUE(accepts(*sums, "n+n+n+n+n+n+n+n+n+n"));
}

TEST(GrammarConstraint, PalindromesNeedEveryWayAtOnce) {
  const auto constraint = grammar_constraint(
      "root ::= \"a\" root \"a\" | \"b\" root \"b\" | \"a\" | \"b\" | \"\"", byte_vocabulary());
  for (const char* text : {"", "a", "abba", "ababa", "abbabba"}) {
    EXPECT_TRUE(accepts(*constraint, text)) << text;
  }
  EXPECT_FALSE(accepts(*constraint, "abab"));
  EXPECT_FALSE(accepts(*constraint, "aab"));
}

TEST(GrammarConstraint, TokensRunThroughSeveralRules) {
  const auto processor =
      grammar_constraint("root ::= \"x\" as bs\nas ::= \"a\"+\nbs ::= \"b\"+", byte_vocabulary())->begin(0);
  EXPECT_TRUE(test::allows(*processor, {'x'}, test::ByteTokenizer::kPair, 258));
  EXPECT_TRUE(test::allows(*processor, {'x', 'a'}, test::ByteTokenizer::kPair, 258));
  EXPECT_FALSE(test::allows(*processor, {'x', 'a', 'b'}, test::ByteTokenizer::kPair, 258));
}

TEST(GrammarConstraint, ErrorsNameLineAndColumn) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"root ::= \"a", "line 1, column 10"},
      {"root ::= a\n", "line 1, column 10"},
      {"root ::= \"a\"\nb = \"c\"", "line 2, column 3"},
      {"root ::= \"a\"\nroot ::= \"b\"", "line 2, column 1"},
      {"a ::= \"a\"", "line 1"},
      {"root ::= (\"a\"", "line 1, column 10"},
      {"root ::= [a", "line 1, column 10"},
      {"root ::= [z-a]", "line 1, column 10"},
      {"root ::= \"\\q\"", "line 1, column 11"},
      {"root ::= \"a\"{5,2}", "line 1, column 13"},
      {"root ::= \"a\"**", "line 1"},
      {"root ::= \"a\" )", "line 1, column 14"},
      {"", "line 1, column 1"},
  };
  for (const auto& [grammar, place] : cases) {
    const Error error = refusal([&, g = grammar] { grammar_constraint(g, byte_vocabulary()); });
    EXPECT_EQ(error.kind(), ErrorKind::kUsage) << grammar;
    EXPECT_NE(error.where().find(place), std::string::npos) << grammar << ": " << error.where();
  }
}

TEST(GrammarConstraint, HostileGrammarsEndInAnErrorSoon) {
  std::string chain = "root ::= r0\n";  // doubles with every rule
  for (int i = 0; i < 60; ++i) {
    chain += "r" + std::to_string(i) + " ::= r" + std::to_string(i + 1) + " r" + std::to_string(i + 1) + "\n";
  }
  std::string many = "root ::= \"a\"\n";
  for (int i = 0; i < 30'000; ++i) {
    many += "r" + std::to_string(i) + " ::= \"b\" root\n";
  }
  const std::vector<std::string> grammars = {
      "root ::= root \"a\" | \"a\"",
      "root ::= a\na ::= b? c\nb ::= \"b\"\nc ::= a \"x\" | \"y\"",
      "root ::= root",
      "root ::= \"a\" root",
      "root ::= " + std::string(100'000, '(') + "\"a\"" + std::string(100'000, ')'),
      "root ::= ((([a-z]{1000}){1000}){1000})",
      "root ::= [a-z]{1,200000}",
      many,
  };
  for (const std::string& grammar : grammars) {
    EXPECT_EQ(refusal([&] { grammar_constraint(grammar, byte_vocabulary()); }).kind(), ErrorKind::kUsage)
        << grammar.substr(0, 60);
  }
  // It is large when written out, but not as rules.
  const auto constraint = grammar_constraint(chain + "r60 ::= \"x\"\n", byte_vocabulary());
  EXPECT_TRUE(test::allows(*constraint->begin(0), {'x', 'x', 'x'}, 'x', 258));
}

}  // namespace
}  // namespace everform
