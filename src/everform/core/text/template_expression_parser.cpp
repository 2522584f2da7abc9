#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "everform/core/text/template_library.h"
#include "everform/core/text/template_parser.h"
#include "everform/core/text/template_syntax_depth.h"

namespace everform::templates {
namespace {

using Kind = Token::Kind;

// Chains such as a + b + c make deep trees without nesting; they may be this much deeper than the nesting.
constexpr std::size_t kTreeDepthPerLevel = 4;

bool is_keyword(const Token& token) {
  static constexpr std::array<std::string_view, 7> kWords = {"and", "or", "not", "in", "is", "if", "else"};
  return token.kind == Kind::kName && std::find(kWords.begin(), kWords.end(), token.text) != kWords.end();
}

}  // namespace

template <typename Form>
ExpressionPtr ExpressionParser::make(std::size_t offset, Form form) {
  auto expression = std::make_unique<Expression>();
  expression->offset = offset;
  expression->depth = 1 + depth_below(form);
  if (expression->depth > kTreeDepthPerLevel * depth_limit_) {
    tokens_.fail_at(offset, "the expression is deeper than " +
                                std::to_string(kTreeDepthPerLevel * depth_limit_) + " operations");
  }
  expression->form = std::move(form);
  return expression;
}

ExpressionPtr ExpressionParser::parse(bool conditional) {
  const NestingGuard guard(tokens_, depth_, depth_limit_);
  ExpressionPtr value = parse_or();
  while (conditional && tokens_.peek().is_name("if")) {
    const std::size_t offset = tokens_.next().offset;
    Conditional form;
    form.condition = parse_or();
    form.otherwise = tokens_.skip_name("else") ? parse() : nullptr;
    form.value = std::move(value);
    value = make(offset, std::move(form));
  }
  return value;
}

ExpressionPtr ExpressionParser::parse_tuple(bool conditional) {
  const std::size_t offset = tokens_.peek().offset;
  ExpressionPtr first = parse(conditional);
  if (!tokens_.peek().is_operator(",")) {
    return first;
  }
  ListDisplay tuple{.items = {}, .tuple = true};
  tuple.items.push_back(std::move(first));
  while (tokens_.skip_operator(",")) {
    const Token& next = tokens_.peek();
    if (next.kind == Kind::kBlockEnd || next.kind == Kind::kVariableEnd || next.is_operator(")")) {
      break;
    }
    tuple.items.push_back(parse(conditional));
  }
  return make(offset, std::move(tuple));
}

ExpressionPtr ExpressionParser::parse_or() {
  ExpressionPtr left = parse_and();
  while (tokens_.peek().is_name("or")) {
    const std::size_t offset = tokens_.next().offset;
    left = make(offset, Binary{BinaryOperator::kOr, std::move(left), parse_and()});
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_and() {
  ExpressionPtr left = parse_not();
  while (tokens_.peek().is_name("and")) {
    const std::size_t offset = tokens_.next().offset;
    left = make(offset, Binary{BinaryOperator::kAnd, std::move(left), parse_not()});
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_not() {
  if (!tokens_.peek().is_name("not")) {
    return parse_compare();
  }
  const NestingGuard guard(tokens_, depth_, depth_limit_);
  const std::size_t offset = tokens_.next().offset;
  return make(offset, Unary{UnaryOperator::kNot, parse_not()});
}

bool ExpressionParser::at_comparison(Comparison& found) const {
  static constexpr std::array<std::pair<const char*, Comparison>, 6> kOperators = {
      {{"==", Comparison::kEqual},
       {"!=", Comparison::kUnequal},
       {"<", Comparison::kLess},
       {"<=", Comparison::kLessEqual},
       {">", Comparison::kGreater},
       {">=", Comparison::kGreaterEqual}}};
  for (const auto& [text, comparison] : kOperators) {
    if (tokens_.peek().is_operator(text)) {
      found = comparison;
      return true;
    }
  }
  found = tokens_.peek().is_name("in") ? Comparison::kIn : Comparison::kNotIn;
  return tokens_.peek().is_name("in") || (tokens_.peek().is_name("not") && tokens_.peek(1).is_name("in"));
}

ExpressionPtr ExpressionParser::parse_compare() {
  Compare form{.first = parse_sum(), .rest = {}};
  const std::size_t offset = tokens_.peek().offset;
  Comparison comparison{};
  while (at_comparison(comparison)) {
    tokens_.next();
    if (comparison == Comparison::kNotIn) {
      tokens_.next();
    }
    form.rest.emplace_back(comparison, parse_sum());
  }
  return form.rest.empty() ? std::move(form.first) : make(offset, std::move(form));
}

ExpressionPtr ExpressionParser::parse_sum() {
  ExpressionPtr left = parse_concatenation();
  while (tokens_.peek().is_operator("+") || tokens_.peek().is_operator("-")) {
    const Token token = tokens_.next();
    const BinaryOperator operation = token.text == "+" ? BinaryOperator::kAdd : BinaryOperator::kSubtract;
    left = make(token.offset, Binary{operation, std::move(left), parse_concatenation()});
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_concatenation() {
  const std::size_t offset = tokens_.peek().offset;
  Concatenation form;
  form.parts.push_back(parse_product());
  while (tokens_.skip_operator("~")) {
    form.parts.push_back(parse_product());
  }
  return form.parts.size() == 1 ? std::move(form.parts.front()) : make(offset, std::move(form));
}

ExpressionPtr ExpressionParser::parse_product() {
  static constexpr std::array<std::pair<const char*, BinaryOperator>, 4> kOperators = {
      {{"*", BinaryOperator::kMultiply},
       {"/", BinaryOperator::kDivide},
       {"//", BinaryOperator::kFloorDivide},
       {"%", BinaryOperator::kModulo}}};
  ExpressionPtr left = parse_power();
  while (true) {
    const auto found = std::find_if(kOperators.begin(), kOperators.end(), [&](const auto& candidate) {
      return tokens_.peek().is_operator(candidate.first);
    });
    if (found == kOperators.end()) {
      return left;
    }
    const std::size_t offset = tokens_.next().offset;
    left = make(offset, Binary{found->second, std::move(left), parse_power()});
  }
}

ExpressionPtr ExpressionParser::parse_power() {
  ExpressionPtr left = parse_unary(true);
  while (tokens_.peek().is_operator("**")) {
    const std::size_t offset = tokens_.next().offset;
    left = make(offset, Binary{BinaryOperator::kPower, std::move(left), parse_unary(true)});
  }
  return left;
}

ExpressionPtr ExpressionParser::parse_unary(bool with_filters) {
  const NestingGuard guard(tokens_, depth_, depth_limit_);
  const Token& token = tokens_.peek();
  const std::size_t offset = token.offset;
  ExpressionPtr value;
  if (token.is_operator("-") || token.is_operator("+")) {
    const UnaryOperator operation = token.is_operator("-") ? UnaryOperator::kMinus : UnaryOperator::kPlus;
    tokens_.next();
    value = make(offset, Unary{operation, parse_unary(false)});
  } else {
    value = parse_primary();
  }
  value = parse_postfix(std::move(value));
  return with_filters ? parse_filters_and_tests(std::move(value)) : std::move(value);
}

ExpressionPtr ExpressionParser::parse_primary() {
  const Token& token = tokens_.peek();
  const std::size_t offset = token.offset;
  if (token.kind == Kind::kInteger || token.kind == Kind::kFloat) {
    return parse_number();
  }
  if (token.kind == Kind::kString) {
    std::string text;
    while (tokens_.peek().kind == Kind::kString) {
      text += tokens_.next().text;
    }
    return make(offset, Literal{Value(std::make_shared<const std::string>(std::move(text)))});
  }
  if (token.kind == Kind::kName && !is_keyword(token)) {
    const std::string name = tokens_.next().text;
    if (name == "true" || name == "True" || name == "false" || name == "False") {
      return make(offset, Literal{Value(name == "true" || name == "True")});
    }
    return name == "none" || name == "None" ? make(offset, Literal{Value(None{})}) : make(offset, Name{name});
  }
  if (token.is_operator("(")) {
    return parse_parenthesis();
  }
  if (token.is_operator("[")) {
    return parse_list();
  }
  if (token.is_operator("{")) {
    return parse_dict();
  }
  tokens_.fail("an expression is expected, not " + tokens_.described());
}

ExpressionPtr ExpressionParser::parse_number() {
  const Token token = tokens_.next();
  const char* end = token.text.data() + token.text.size();
  std::int64_t integer = 0;
  double number = 0;
  const auto result = token.kind == Kind::kInteger ? std::from_chars(token.text.data(), end, integer)
                                                   : std::from_chars(token.text.data(), end, number);
  if (result.ec != std::errc() || result.ptr != end) {
    tokens_.fail_at(token.offset, "the number " + token.text + " is out of range");
  }
  return make(token.offset, Literal{token.kind == Kind::kInteger ? Value(integer) : Value(number)});
}

ExpressionPtr ExpressionParser::parse_parenthesis() {
  const std::size_t offset = tokens_.next().offset;
  if (tokens_.skip_operator(")")) {
    return make(offset, ListDisplay{.items = {}, .tuple = true});
  }
  ExpressionPtr value = parse_tuple();
  tokens_.expect_operator(")");
  return value;
}

ExpressionPtr ExpressionParser::parse_list() {
  const std::size_t offset = tokens_.next().offset;
  ListDisplay form;
  while (!tokens_.skip_operator("]")) {
    form.items.push_back(parse());
    if (!tokens_.peek().is_operator("]")) {
      tokens_.expect_operator(",");
    }
  }
  return make(offset, std::move(form));
}

ExpressionPtr ExpressionParser::parse_dict() {
  const std::size_t offset = tokens_.next().offset;
  DictDisplay form;
  while (!tokens_.skip_operator("}")) {
    ExpressionPtr key = parse();
    tokens_.expect_operator(":");
    form.entries.emplace_back(std::move(key), parse());
    if (!tokens_.peek().is_operator("}")) {
      tokens_.expect_operator(",");
    }
  }
  return make(offset, std::move(form));
}

ExpressionPtr ExpressionParser::parse_postfix(ExpressionPtr subject) {
  while (true) {
    const std::size_t offset = tokens_.peek().offset;
    if (tokens_.skip_operator(".")) {
      if (tokens_.peek().kind == Kind::kInteger) {
        subject = make(offset, Item{std::move(subject), parse_number()});
      } else {
        subject = make(offset, Attribute{std::move(subject), tokens_.expect_name()});
      }
    } else if (tokens_.peek().is_operator("[")) {
      subject = parse_subscript(std::move(subject));
    } else if (tokens_.peek().is_operator("(")) {
      subject = make(offset, Call{std::move(subject), parse_arguments()});
    } else {
      return subject;
    }
  }
}

ExpressionPtr ExpressionParser::parse_subscript(ExpressionPtr subject) {
  const std::size_t offset = tokens_.next().offset;
  const auto absent = [&] { return tokens_.peek().is_operator(":") || tokens_.peek().is_operator("]"); };
  ExpressionPtr first = tokens_.peek().is_operator(":") ? nullptr : parse();
  if (tokens_.skip_operator("]")) {
    return make(offset, Item{std::move(subject), std::move(first)});
  }
  tokens_.expect_operator(":");
  Slice form;
  form.subject = std::move(subject);
  form.begin = std::move(first);
  form.end = absent() ? nullptr : parse();
  if (tokens_.skip_operator(":")) {
    form.step = absent() ? nullptr : parse();
  }
  tokens_.expect_operator("]");
  return make(offset, std::move(form));
}

ArgumentExpressions ExpressionParser::parse_arguments() {
  tokens_.expect_operator("(");
  ArgumentExpressions arguments;
  while (!tokens_.skip_operator(")")) {
    if (tokens_.peek().is_operator("*") || tokens_.peek().is_operator("**")) {
      tokens_.fail("unpacking arguments with * is not supported");
    }
    if (tokens_.peek().kind == Kind::kName && tokens_.peek(1).is_operator("=")) {
      std::string name = tokens_.next().text;
      tokens_.next();
      arguments.named.emplace_back(std::move(name), parse());
    } else if (arguments.named.empty()) {
      arguments.positional.push_back(parse());
    } else {
      tokens_.fail("an argument without name follows one with a name");
    }
    if (!tokens_.peek().is_operator(")")) {
      tokens_.expect_operator(",");
    }
  }
  return arguments;
}

std::vector<Filter> ExpressionParser::parse_filters() {
  std::vector<Filter> filters;
  while (tokens_.skip_operator("|")) {
    const std::size_t offset = tokens_.peek().offset;
    Filter filter;
    filter.name = tokens_.expect_name();
    if (!is_filter(filter.name)) {
      tokens_.fail_at(offset, "the filter " + filter.name + " is not supported");
    }
    if (tokens_.peek().is_operator("(")) {
      filter.arguments = parse_arguments();
    }
    filters.push_back(std::move(filter));
  }
  return filters;
}

ExpressionPtr ExpressionParser::parse_filters_and_tests(ExpressionPtr subject) {
  while (true) {
    const std::size_t offset = tokens_.peek().offset;
    if (tokens_.peek().is_operator("|")) {
      for (Filter& filter : parse_filters()) {
        filter.subject = std::move(subject);
        subject = make(offset, std::move(filter));
      }
    } else if (tokens_.peek().is_name("is")) {
      subject = parse_test(std::move(subject));
    } else if (tokens_.peek().is_operator("(")) {
      subject = make(offset, Call{std::move(subject), parse_arguments()});
    } else {
      return subject;
    }
  }
}

ExpressionPtr ExpressionParser::parse_test(ExpressionPtr subject) {
  const std::size_t offset = tokens_.next().offset;
  Test form;
  form.subject = std::move(subject);
  form.negated = tokens_.skip_name("not");
  const std::size_t name_offset = tokens_.peek().offset;
  // `in` is a test's name too.
  form.name = tokens_.peek().is_name("in") ? tokens_.next().text : tokens_.expect_name();
  if (!is_test(form.name)) {
    tokens_.fail_at(name_offset, "the test " + form.name + " is not supported");
  }
  const Token& next = tokens_.peek();
  const bool value = next.kind == Kind::kName || next.kind == Kind::kString || next.kind == Kind::kInteger ||
                     next.kind == Kind::kFloat || next.is_operator("[") || next.is_operator("{");
  if (next.is_operator("(")) {
    form.arguments = parse_arguments();
  } else if (next.is_name("is")) {
    tokens_.fail("a test of a test needs parentheses");
  } else if (value && !is_keyword(next)) {
    form.arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  return make(offset, std::move(form));
}

}  // namespace everform::templates
