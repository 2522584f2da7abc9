#include <utility>

#include "everform/core/text/template_evaluator.h"
#include "everform/core/text/template_operations.h"

namespace everform::templates {

Value Evaluator::evaluate(const Expression& expression) {
  // Once an operand is done, errors belong to its operator again.
  const std::size_t outer = context_.offset();
  context_.at(expression.offset);
  context_.charge();
  const DepthGuard guard(context_, depth_);
  Value value = std::visit([&](const auto& form) { return evaluate_form(form); }, expression.form);
  context_.at(outer);
  return value;
}

Value Evaluator::evaluate_form(const Literal& form) {
  return form.value;
}

Value Evaluator::evaluate_form(const Name& form) {
  const auto look = [&](std::size_t scope) -> const Value* {
    const auto found = scopes_[scope].find(form.name);
    return found == scopes_[scope].end() ? nullptr : &found->second;
  };
  for (std::size_t scope = scopes_.size(); scope > first_visible_; --scope) {
    if (const Value* found = look(scope - 1)) {
      return *found;
    }
  }
  for (const std::size_t scope : {1, 0}) {
    if (const Value* found = look(scope)) {
      return *found;
    }
  }
  if (is_function(form.name)) {
    return Value(std::make_shared<const Callable>(Callable{.name = form.name}));
  }
  return Value(Undefined{form.name});
}

Value Evaluator::evaluate_form(const Attribute& form) {
  return get_attribute(context_, evaluate(*form.subject), form.name);
}

Value Evaluator::evaluate_form(const Item& form) {
  const Value subject = evaluate(*form.subject);
  return get_item(context_, subject, evaluate(*form.index));
}

std::optional<std::int64_t> Evaluator::evaluate_bound(const ExpressionPtr& expression) {
  const Value value = expression ? evaluate(*expression) : Value(None{});
  std::int64_t bound = 0;
  if (!value.is_none() && !value.to_integer(bound)) {
    context_.fail("a slice's bound must be an int, not a " + type_name(value));
  }
  return value.is_none() ? std::nullopt : std::optional(bound);
}

Value Evaluator::evaluate_form(const Slice& form) {
  const Value subject = evaluate(*form.subject);
  const auto begin = evaluate_bound(form.begin);
  const auto end = evaluate_bound(form.end);
  return get_slice(context_, subject, begin, end, evaluate_bound(form.step));
}

Arguments Evaluator::evaluate(const std::string& callee, const ArgumentExpressions& expressions) {
  Arguments arguments(context_, callee);
  for (const ExpressionPtr& expression : expressions.positional) {
    arguments.positional.push_back(evaluate(*expression));
  }
  for (const auto& [name, expression] : expressions.named) {
    arguments.named.emplace_back(name, evaluate(*expression));
  }
  return arguments;
}

Value Evaluator::evaluate_form(const Call& form) {
  const Value function = evaluate(*form.function);
  const auto* pointer = function.get_if<std::shared_ptr<const Callable>>();
  if (pointer == nullptr) {
    const Undefined* missing = function.get_if<Undefined>();
    context_.fail(missing != nullptr
                      ? missing->name + " is undefined or not supported, so it cannot be called"
                      : "a " + type_name(function) + " cannot be called");
  }
  const Callable& callable = **pointer;
  Arguments arguments = evaluate(callable.name, form.arguments);
  switch (callable.kind) {
    case Callable::Kind::kFunction:
      return call_function(context_, callable.name, std::move(arguments));
    case Callable::Kind::kMethod:
      return call_method(context_, callable.self, callable.name, std::move(arguments));
    case Callable::Kind::kMacro:
      return call_macro(*callable.macro, std::move(arguments));
    case Callable::Kind::kLoopCycle:
      break;
  }
  if (arguments.positional.empty()) {
    context_.fail("loop.cycle needs values");
  }
  const std::size_t index = (*callable.self.get_if<std::shared_ptr<const Loop>>())->index;
  return arguments.positional[index % arguments.positional.size()];
}

Value Evaluator::evaluate_form(const Filter& form) {
  const Value subject = evaluate(*form.subject);
  return apply_filter(context_, form.name, subject, evaluate(form.name, form.arguments));
}

Value Evaluator::evaluate_form(const Test& form) {
  const Value subject = evaluate(*form.subject);
  return Value(apply_test(context_, form.name, subject, evaluate(form.name, form.arguments)) != form.negated);
}

Value Evaluator::evaluate_form(const Unary& form) {
  const Value value = evaluate(*form.operand);
  return form.operation == UnaryOperator::kNot ? Value(!is_true(value))
                                               : apply_sign(context_, form.operation, value);
}

Value Evaluator::evaluate_form(const Binary& form) {
  Value left = evaluate(*form.left);
  if (form.operation == BinaryOperator::kAnd || form.operation == BinaryOperator::kOr) {
    const bool decided = is_true(left) == (form.operation == BinaryOperator::kOr);
    return decided ? left : evaluate(*form.right);
  }
  const Value right = evaluate(*form.right);
  return apply_binary(context_, form.operation, left, right);
}

Value Evaluator::evaluate_form(const Concatenation& form) {
  std::string text;
  for (const ExpressionPtr& part : form.parts) {
    const std::string piece = to_text(context_, evaluate(*part));
    context_.allocate(piece.size());
    text += piece;
  }
  return make_text(context_, std::move(text));
}

Value Evaluator::evaluate_form(const Compare& form) {
  Value left = evaluate(*form.first);
  for (const auto& [comparison, expression] : form.rest) {
    Value right = evaluate(*expression);
    if (!apply_comparison(context_, comparison, left, right)) {
      return Value(false);
    }
    left = std::move(right);
  }
  return Value(true);
}

Value Evaluator::evaluate_form(const Conditional& form) {
  if (is_true(evaluate(*form.condition))) {
    return evaluate(*form.value);
  }
  return form.otherwise ? evaluate(*form.otherwise) : Value(Undefined{"an if without else"});
}

Value Evaluator::evaluate_form(const ListDisplay& form) {
  std::vector<Value> items;
  for (const ExpressionPtr& item : form.items) {
    items.push_back(evaluate(*item));
  }
  return make_list(context_, std::move(items), form.tuple);
}

Value Evaluator::evaluate_form(const DictDisplay& form) {
  Dict dict;
  for (const auto& [key, value] : form.entries) {
    const Value name = evaluate(*key);
    dict.set(context_, name, evaluate(*value));
  }
  return make_dict(std::move(dict));
}

}  // namespace everform::templates
