// Runs the syntax tree of a chat template.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "everform/core/text/template_context.h"
#include "everform/core/text/template_library.h"
#include "everform/core/text/template_syntax.h"

namespace everform::templates {

/// Counts a level of recursion for as long as it lives: macros that call themselves would make it endless.
class DepthGuard {
 public:
  DepthGuard(const Context& context, std::size_t& depth) : depth_(depth) {
    const std::size_t limit = kLevelsPerDepth * context.limits().depth;
    if (depth_ >= limit) {
      context.fail("it nests deeper than " + std::to_string(limit) + " operations");
    }
    ++depth_;
  }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  static constexpr std::size_t kLevelsPerDepth = 8;

  std::size_t& depth_;
};

class Evaluator {
 public:
  /// @param variables a dict: the names that the template can read
  Evaluator(Context& context, const Value& variables);

  /// What the template writes.
  std::string render(const Body& body);

 private:
  /// Names in one scope; inner scopes hide outer ones.
  using Scope = std::unordered_map<std::string, Value>;
  enum class Flow { kNext, kBreak, kContinue };
  class ScopeGuard;

  Flow run(const Body& body);
  Flow execute(const TextStatement& form);
  Flow execute(const PrintStatement& form);
  Flow execute(const IfStatement& form);
  Flow execute(const ForStatement& form);
  Flow execute(const SetStatement& form);
  Flow execute(const SetBlockStatement& form);
  Flow execute(const MacroStatement& form);
  Flow execute(const GenerationStatement& form);
  Flow execute(const BreakStatement& form);
  Flow execute(const ContinueStatement& form);

  Value evaluate(const Expression& expression);
  Value evaluate_form(const Literal& form);
  Value evaluate_form(const Name& form);
  Value evaluate_form(const Attribute& form);
  Value evaluate_form(const Item& form);
  Value evaluate_form(const Slice& form);
  Value evaluate_form(const Call& form);
  Value evaluate_form(const Filter& form);
  Value evaluate_form(const Test& form);
  Value evaluate_form(const Unary& form);
  Value evaluate_form(const Binary& form);
  Value evaluate_form(const Concatenation& form);
  Value evaluate_form(const Compare& form);
  Value evaluate_form(const Conditional& form);
  Value evaluate_form(const ListDisplay& form);
  Value evaluate_form(const DictDisplay& form);

  Arguments evaluate(const std::string& callee, const ArgumentExpressions& expressions);
  std::optional<std::int64_t> evaluate_bound(const ExpressionPtr& expression);
  std::vector<Value> loop_items(const ForStatement& form);
  Value call_macro(const MacroStatement& macro, Arguments arguments);
  void assign(const Target& target, const Value& value);
  void emit(const std::string& text);
  /// What `body` writes, in a scope of its own.
  std::string captured(const Body& body);

  Context& context_;
  std::vector<Scope> scopes_;      ///< [0]: the variables; [1]: the template's own
  std::size_t first_visible_ = 2;  ///< scopes from 2 to here belong to the callers of the macro that runs
  std::string* out_ = nullptr;
  std::size_t depth_ = 0;
};

}  // namespace everform::templates
