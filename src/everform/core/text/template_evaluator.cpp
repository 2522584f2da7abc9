#include "everform/core/text/template_evaluator.h"

#include <utility>

namespace everform::templates {

class Evaluator::ScopeGuard {
 public:
  explicit ScopeGuard(Evaluator& evaluator) : scopes_(evaluator.scopes_) { scopes_.emplace_back(); }
  ~ScopeGuard() { scopes_.pop_back(); }
  ScopeGuard(const ScopeGuard&) = delete;
  ScopeGuard& operator=(const ScopeGuard&) = delete;

 private:
  std::vector<Scope>& scopes_;
};

Evaluator::Evaluator(Context& context, const Value& variables) : context_(context) {
  scopes_.resize(2);
  if (variables.dict() != nullptr) {
    for (const auto& [key, value] : variables.dict()->entries()) {
      scopes_[0][*key.text()] = value;
    }
  }
}

std::string Evaluator::render(const Body& body) {
  std::string out;
  out_ = &out;
  run(body);
  out_ = nullptr;
  return out;
}

Evaluator::Flow Evaluator::run(const Body& body) {
  const DepthGuard guard(context_, depth_);
  for (const Statement& statement : body) {
    context_.at(statement.offset);
    context_.charge();
    const Flow flow = std::visit([&](const auto& form) { return execute(form); }, statement.form);
    if (flow != Flow::kNext) {
      return flow;
    }
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const TextStatement& form) {
  emit(form.text);
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const PrintStatement& form) {
  emit(to_text(context_, evaluate(*form.value)));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const IfStatement& form) {
  for (const auto& [condition, body] : form.branches) {
    if (is_true(evaluate(*condition))) {
      return run(body);
    }
  }
  return run(form.otherwise);
}

// The items whose condition holds: loop.length and its kind count only them.
std::vector<Value> Evaluator::loop_items(const ForStatement& form) {
  std::vector<Value> items = iterate(context_, evaluate(*form.items));
  if (!form.condition) {
    return items;
  }
  std::vector<Value> kept;
  for (Value& item : items) {
    const ScopeGuard scope(*this);
    assign(form.target, item);
    if (is_true(evaluate(*form.condition))) {
      kept.push_back(std::move(item));
    }
  }
  return kept;
}

Evaluator::Flow Evaluator::execute(const ForStatement& form) {
  auto items = std::make_shared<List>();
  items->items = loop_items(form);
  if (items->items.empty()) {
    const ScopeGuard scope(*this);
    return run(form.otherwise);
  }
  for (std::size_t i = 0; i < items->items.size(); ++i) {
    context_.charge();
    const ScopeGuard scope(*this);
    scopes_.back()["loop"] = Value(std::make_shared<const Loop>(Loop{.items = items, .index = i}));
    assign(form.target, items->items[i]);
    if (run(form.body) == Flow::kBreak) {
      break;
    }
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const SetStatement& form) {
  assign(form.target, evaluate(*form.value));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const SetBlockStatement& form) {
  Value value = make_text(context_, captured(form.body));
  for (const Filter& filter : form.filters) {
    value = apply_filter(context_, filter.name, value, evaluate(filter.name, filter.arguments));
  }
  assign(form.target, value);
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const MacroStatement& form) {
  scopes_.back()[form.name] = Value(std::make_shared<const Callable>(
      Callable{.name = form.name, .macro = &form, .kind = Callable::Kind::kMacro}));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const GenerationStatement& form) {
  emit(captured(form.body));
  return Flow::kNext;
}

Evaluator::Flow Evaluator::execute(const BreakStatement& /*form*/) {
  return Flow::kBreak;
}
Evaluator::Flow Evaluator::execute(const ContinueStatement& /*form*/) {
  return Flow::kContinue;
}

void Evaluator::assign(const Target& target, const Value& value) {
  if (!target.attribute.empty()) {
    const Value subject = evaluate_form(Name{target.names[0]});
    const auto* space = subject.get_if<std::shared_ptr<Namespace>>();
    if (space == nullptr) {
      context_.fail("only attributes of a namespace can be set, " + target.names[0] + " is a " +
                    type_name(subject));
    }
    if (target.attribute.starts_with('_')) {
      context_.fail("the namespace's attribute " + target.attribute + " must not begin with an underscore");
    }
    if (value.get_if<std::shared_ptr<Namespace>>() != nullptr) {
      context_.fail("a namespace inside of another value is not supported");
    }
    (*space)->values[target.attribute] = value;
    return;
  }
  if (!target.unpack) {
    scopes_.back()[target.names[0]] = value;
    return;
  }
  const std::vector<Value> parts = iterate(context_, value);
  if (parts.size() != target.names.size()) {
    context_.fail(std::to_string(target.names.size()) + " values are needed, but there are " +
                  std::to_string(parts.size()));
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    scopes_.back()[target.names[i]] = parts[i];
  }
}

void Evaluator::emit(const std::string& text) {
  context_.allocate(text.size());
  *out_ += text;
  if (out_->size() > context_.limits().output_bytes) {
    context_.fail("it writes more than " + std::to_string(context_.limits().output_bytes) + " bytes");
  }
}

std::string Evaluator::captured(const Body& body) {
  const ScopeGuard scope(*this);
  std::string text;
  std::string* const outer = std::exchange(out_, &text);
  run(body);
  out_ = outer;
  return text;
}

Value Evaluator::call_macro(const MacroStatement& macro, Arguments arguments) {
  // A macro sees the template's own names, where it is defined, and not its caller's.
  const std::size_t first = std::exchange(first_visible_, scopes_.size());
  std::string text;
  {
    const ScopeGuard scope(*this);
    for (const auto& [name, otherwise] : macro.parameters) {
      const std::optional<Value> value = arguments.take(name.c_str());
      scopes_.back()[name] = value ? *value : otherwise ? evaluate(*otherwise) : Value(Undefined{name});
    }
    arguments.finish();
    text = captured(macro.body);
  }
  first_visible_ = first;
  return make_text(context_, std::move(text));
}

}  // namespace everform::templates
