// Jinja's grammar, as far as chat templates use it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "everform/core/text/chat_template.h"
#include "everform/core/text/template_lexer.h"
#include "everform/core/text/template_syntax.h"

namespace everform::templates {

/// The tokens of a template, read from the front.
class TokenReader {
 public:
  TokenReader(const std::string& source, std::vector<Token> tokens)
      : source_(source), tokens_(std::move(tokens)) {}

  const Token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Token next() { return at_ + 1 < tokens_.size() ? tokens_[at_++] : tokens_.back(); }
  bool skip_operator(const char* text);
  bool skip_name(const char* name);
  void expect_operator(const char* text);
  std::string expect_name();
  void expect(Token::Kind kind);
  /// Throws Error{kBadInput} at the token that comes next.
  [[noreturn]] void fail(const std::string& message) const;
  [[noreturn]] void fail_at(std::size_t offset, const std::string& message) const;
  /// The next token as an error names it.
  std::string described() const;

 private:
  const std::string& source_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

/// Counts a level of nesting for as long as it lives.
class NestingGuard {
 public:
  NestingGuard(const TokenReader& tokens, std::size_t& depth, std::size_t limit) : depth_(depth) {
    if (++depth_ > limit) {
      --depth_;
      tokens.fail("the template nests deeper than " + std::to_string(limit) + " levels");
    }
  }
  ~NestingGuard() { --depth_; }
  NestingGuard(const NestingGuard&) = delete;
  NestingGuard& operator=(const NestingGuard&) = delete;

 private:
  std::size_t& depth_;
};

class ExpressionParser {
 public:
  ExpressionParser(TokenReader& tokens, std::size_t depth_limit)
      : tokens_(tokens), depth_limit_(depth_limit) {}

  /// A whole expression; `value if condition` only where `conditional`.
  ExpressionPtr parse(bool conditional = true);
  /// As parse, with `a, b` for a tuple.
  ExpressionPtr parse_tuple(bool conditional = true);
  /// |name(arguments), as often as they follow.
  std::vector<Filter> parse_filters();
  ArgumentExpressions parse_arguments();

 private:
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_compare();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concatenation();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_unary(bool with_filters);
  ExpressionPtr parse_primary();
  ExpressionPtr parse_number();
  ExpressionPtr parse_parenthesis();
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  ExpressionPtr parse_postfix(ExpressionPtr subject);
  ExpressionPtr parse_subscript(ExpressionPtr subject);
  ExpressionPtr parse_filters_and_tests(ExpressionPtr subject);
  ExpressionPtr parse_test(ExpressionPtr subject);
  bool at_comparison(Comparison& found) const;

  template <typename Form>
  ExpressionPtr make(std::size_t offset, Form form);

  TokenReader& tokens_;
  std::size_t depth_limit_;
  std::size_t depth_ = 0;
};

/// Throws Error{kBadInput} with line and column for what is wrong or not supported. @param source normalized
Body parse_template(const std::string& source, const TemplateLimits& limits);

}  // namespace everform::templates
