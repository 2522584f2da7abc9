#include "everform/core/decoding/constraints/json_rules.h"

#include "everform/core/decoding/constraints/pattern.h"

namespace everform::constraints {

Fragment JsonRules::byte_of(std::string_view bytes) {
  const Fragment fragment{graph_.add_node(), graph_.add_node()};
  for (const char byte : bytes) {
    const auto value = static_cast<std::uint8_t>(byte);
    graph_.read(fragment.start, {value, value}, fragment.end);
  }
  return fragment;
}

Fragment JsonRules::digits(Digits bounds) {
  return graph_.repeat([&] { return graph_.characters(CodePointSet::digits()); }, bounds.min, bounds.max);
}

// From after the opening quote to after the closing one.
Fragment JsonRules::string_body(CountAction count, CountAction close) {
  const NodeId body = graph_.add_node();
  const NodeId end = graph_.add_node();
  graph_.read(body, {'"', '"'}, end, close);
  const CodePointSet plain = CodePointSet{{0, 0x1F}, {'"', '"'}, {'\\', '\\'}}.complement();
  const Fragment character = graph_.characters(plain, count);
  graph_.link(body, character.start);
  graph_.link(character.end, body);
  const NodeId escape = graph_.add_node();
  graph_.read(body, {'\\', '\\'}, escape, count);
  for (const char letter : std::string_view("\"\\/bfnrt")) {
    const auto value = static_cast<std::uint8_t>(letter);
    graph_.read(escape, {value, value}, body);
  }
  const auto hex = [this] { return graph_.characters({{'0', '9'}, {'A', 'F'}, {'a', 'f'}}); };
  const Fragment code = graph_.choice(
      {graph_.sequence(
           {graph_.characters({{'0', '9'}, {'A', 'C'}, {'E', 'F'}, {'a', 'c'}, {'e', 'f'}}), hex()}),
       graph_.sequence({byte_of("dD"), graph_.characters({{'0', '7'}})})});
  graph_.read(escape, {'u', 'u'}, code.start);
  const Fragment rest = graph_.sequence({hex(), hex()});
  graph_.link(code.end, rest.start);
  graph_.link(rest.end, body);
  return {body, end};
}

RuleId JsonRules::string(std::uint32_t min, std::uint32_t max) {
  const auto [known, is_new] = strings_.try_emplace({min, max}, 0);
  if (is_new) {
    const bool counted = min > 0 || max != Rule::kUnbounded;
    known->second = graph_.add_rule("string");
    const Fragment body = string_body(counted ? CountAction::kCount : CountAction::kNone,
                                      counted ? CountAction::kClose : CountAction::kNone);
    graph_.define(known->second, graph_.sequence({graph_.literal("\""), body}), min, max);
  }
  return known->second;
}

RuleId JsonRules::integer() {
  if (!integer_) {
    integer_ = graph_.add_rule("integer");
    const Fragment more = graph_.sequence({graph_.characters({{'1', '9'}}), digits({0, 17})});
    graph_.define(*integer_, graph_.sequence({graph_.optional(graph_.literal("-")),
                                              graph_.choice({graph_.literal("0"), more})}));
  }
  return *integer_;
}

RuleId JsonRules::number() {
  if (!number_) {
    number_ = graph_.add_rule("number");
    const Fragment more = graph_.sequence({graph_.characters({{'1', '9'}}), digits({0, 17})});
    const Fragment fraction = graph_.sequence({graph_.literal("."), digits({1, 16})});
    const Fragment exponent =
        graph_.sequence({byte_of("eE"), graph_.optional(byte_of("+-")), digits({1, 2})});
    graph_.define(*number_, graph_.sequence({graph_.optional(graph_.literal("-")),
                                             graph_.choice({graph_.literal("0"), more}),
                                             graph_.optional(fraction), graph_.optional(exponent)}));
  }
  return *number_;
}

RuleId JsonRules::any_value() {
  if (!value_) {
    value_ = graph_.add_rule("value");
    const RuleId object = any_object();
    graph_.define(*value_, graph_.choice({graph_.call(string()), graph_.call(number()), graph_.call(object),
                                          graph_.call(any_array()), graph_.literal("true"),
                                          graph_.literal("false"), graph_.literal("null")}));
  }
  return *value_;
}

RuleId JsonRules::any_object() {
  if (!object_) {
    object_ = graph_.add_rule("object");
    const Fragment open = graph_.literal("{");
    const Fragment member =
        graph_.sequence({gap(), graph_.call(string()), colon(), graph_.call(any_value())});
    graph_.link(open.end, member.start);
    const Fragment comma = graph_.literal(",");
    graph_.link(member.end, comma.start);
    graph_.link(comma.end, member.start);
    const Fragment closing = close('}');
    graph_.link(member.end, closing.start);
    graph_.read(open.end, {'}', '}'}, closing.end);
    graph_.define(*object_, {open.start, closing.end});
  }
  return *object_;
}

RuleId JsonRules::any_array() {
  const RuleId array = graph_.add_rule("array");
  const Fragment open = graph_.literal("[");
  const Fragment item = graph_.sequence({gap(), graph_.call(*value_)});
  graph_.link(open.end, item.start);
  const Fragment comma = graph_.literal(",");
  graph_.link(item.end, comma.start);
  graph_.link(comma.end, item.start);
  const Fragment closing = close(']');
  graph_.link(item.end, closing.start);
  graph_.read(open.end, {']', ']'}, closing.end);
  graph_.define(array, {open.start, closing.end});
  return array;
}

Fragment JsonRules::gap() {
  const Fragment fragment = graph_.optional(graph_.literal(" "));
  NodeId at = graph_.add_node();
  graph_.read(fragment.start, {'\n', '\n'}, at);
  for (std::size_t i = 0; i < kMaxIndentation; ++i) {
    graph_.link(at, fragment.end);
    const NodeId next = graph_.add_node();
    graph_.read(at, {' ', ' '}, next);
    at = next;
  }
  graph_.link(at, fragment.end);
  return fragment;
}

Fragment JsonRules::close(char bracket, CountAction action) {
  const auto value = static_cast<std::uint8_t>(bracket);
  const Fragment fragment{graph_.add_node(), graph_.add_node()};
  graph_.read(fragment.start, {value, value}, fragment.end, action);
  NodeId at = graph_.add_node();
  graph_.read(fragment.start, {' ', ' '}, at, action);
  graph_.read(at, {value, value}, fragment.end);
  at = graph_.add_node();
  graph_.read(fragment.start, {'\n', '\n'}, at, action);
  for (std::size_t i = 0; i < kMaxIndentation; ++i) {
    graph_.read(at, {value, value}, fragment.end);
    const NodeId next = graph_.add_node();
    graph_.read(at, {' ', ' '}, next);
    at = next;
  }
  graph_.read(at, {value, value}, fragment.end);
  return fragment;
}

Fragment JsonRules::comma(CountAction action) {
  const Fragment after = gap();
  const NodeId before = graph_.add_node();
  graph_.read(before, {',', ','}, after.start, action);
  return {before, after.end};
}

Fragment JsonRules::colon() {
  return graph_.sequence({graph_.literal(":"), graph_.optional(graph_.literal(" "))});
}

Fragment JsonRules::name(const std::string& name) {
  return graph_.sequence({graph_.literal("\"" + json_spelling(name) + "\""), colon()});
}

}  // namespace everform::constraints
