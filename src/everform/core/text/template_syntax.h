// The syntax tree of a chat template.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "everform/core/text/template_value.h"

namespace everform::templates {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

/// Positional and named arguments of a call, filter or test.
struct ArgumentExpressions {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
};

struct Literal {
  Value value;
};
struct Name {
  std::string name;
};
/// subject.name
struct Attribute {
  ExpressionPtr subject;
  std::string name;
};
/// subject[index]
struct Item {
  ExpressionPtr subject, index;
};
/// subject[begin:end:step], each may be absent
struct Slice {
  ExpressionPtr subject, begin, end, step;
};
struct Call {
  ExpressionPtr function;
  ArgumentExpressions arguments;
};
/// subject|name(arguments)
struct Filter {
  ExpressionPtr subject;
  std::string name;
  ArgumentExpressions arguments;
};
/// subject is [not] name(arguments)
struct Test {
  ExpressionPtr subject;
  std::string name;
  ArgumentExpressions arguments;
  bool negated = false;
};
enum class UnaryOperator { kNot, kMinus, kPlus };
struct Unary {
  UnaryOperator operation;
  ExpressionPtr operand;
};
enum class BinaryOperator { kAdd, kSubtract, kMultiply, kDivide, kFloorDivide, kModulo, kPower, kAnd, kOr };
struct Binary {
  BinaryOperator operation;
  ExpressionPtr left, right;
};
/// a ~ b ~ c
struct Concatenation {
  std::vector<ExpressionPtr> parts;
};
enum class Comparison { kEqual, kUnequal, kLess, kLessEqual, kGreater, kGreaterEqual, kIn, kNotIn };
/// a < b <= c
struct Compare {
  ExpressionPtr first;
  std::vector<std::pair<Comparison, ExpressionPtr>> rest;
};
/// value if condition else otherwise, which may be absent
struct Conditional {
  ExpressionPtr condition, value, otherwise;
};
struct ListDisplay {
  std::vector<ExpressionPtr> items;
  bool tuple = false;
};
struct DictDisplay {
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};

struct Expression {
  std::size_t offset = 0;  ///< into the template, for errors
  std::size_t depth = 1;   ///< of the tree below, itself included; limited, as evaluation is recursive
  std::variant<Literal, Name, Attribute, Item, Slice, Call, Filter, Test, Unary, Binary, Concatenation,
               Compare, Conditional, ListDisplay, DictDisplay>
      form;
};

struct Statement;
using Body = std::vector<Statement>;

/// Where `set` and `for` put a value: one name, several that a list is taken apart into, or an attribute of a
/// namespace.
struct Target {
  std::vector<std::string> names;
  bool unpack = false;
  std::string attribute;  ///< of the namespace names[0]; empty where none
};

struct TextStatement {
  std::string text;
};
struct PrintStatement {
  ExpressionPtr value;
};
struct IfStatement {
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};
struct ForStatement {
  Target target;
  ExpressionPtr items;
  ExpressionPtr condition;  ///< may be absent
  Body body;
  Body otherwise;
};
struct SetStatement {
  Target target;
  ExpressionPtr value;
};
/// {% set target|filters %}...{% endset %}; the filters have no subject of their own, they take the body's
/// text
struct SetBlockStatement {
  Target target;
  Body body;
  std::vector<Filter> filters;
};
struct MacroStatement {
  std::string name;
  std::vector<std::pair<std::string, ExpressionPtr>> parameters;  ///< with default, or none
  Body body;
};
/// {% generation %}...{% endgeneration %}: the part that an assistant wrote; written as it is.
struct GenerationStatement {
  Body body;
};
struct BreakStatement {};
struct ContinueStatement {};

struct Statement {
  std::size_t offset = 0;
  std::variant<TextStatement, PrintStatement, IfStatement, ForStatement, SetStatement, SetBlockStatement,
               MacroStatement, GenerationStatement, BreakStatement, ContinueStatement>
      form;
};

}  // namespace everform::templates
