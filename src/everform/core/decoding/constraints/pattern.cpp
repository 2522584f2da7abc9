#include "everform/core/decoding/constraints/pattern.h"

#include <array>
#include <utility>

#include "everform/core/base/utf8.h"

namespace everform::constraints {
namespace {

// The escape of a code point that a JSON string may not hold as it is.
std::string escape(char32_t point) {
  constexpr std::array<std::pair<char32_t, char>, 7> kShort = {
      {{'"', '"'}, {'\\', '\\'}, {'\b', 'b'}, {'\f', 'f'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}}};
  for (const auto& [value, letter] : kShort) {
    if (value == point) {
      return {'\\', letter};
    }
  }
  constexpr const char* kDigits = "0123456789abcdef";
  return std::string("\\u00") + kDigits[point >> 4U] + kDigits[point & 15U];
}

const CodePointSet& escaped() {
  static const CodePointSet set = [] {
    CodePointSet made{{0, 0x1F}, {'"', '"'}, {'\\', '\\'}};
    made.ranges();  // ordered before threads share it
    return made;
  }();
  return set;
}

}  // namespace

Pattern Pattern::character(CodePointSet set) {
  Pattern pattern;
  pattern.kind = Kind::kCharacter;
  pattern.set = std::move(set);
  return pattern;
}

Pattern Pattern::sequence(std::vector<Pattern> parts) {
  if (parts.size() == 1) {
    return std::move(parts[0]);
  }
  Pattern pattern;
  pattern.parts = std::move(parts);
  return pattern;
}

Pattern Pattern::choice(std::vector<Pattern> parts) {
  if (parts.size() == 1) {
    return std::move(parts[0]);
  }
  Pattern pattern;
  pattern.kind = Kind::kChoice;
  pattern.parts = std::move(parts);
  return pattern;
}

Pattern Pattern::repeat(Pattern part, std::uint32_t min, std::uint32_t max) {
  Pattern pattern;
  pattern.kind = Kind::kRepeat;
  pattern.parts.push_back(std::move(part));
  pattern.min = min;
  pattern.max = max;
  return pattern;
}

Fragment add_character(RuleGraph& graph, const CodePointSet& set, Spelling spelling, CountAction action) {
  if (spelling == Spelling::kPlain) {
    return graph.characters(set, action);
  }
  const Fragment fragment = graph.characters(set.without(escaped()), action);
  const CodePointSet special = set.intersection(escaped());
  for (const CodePointRange& range : special.ranges()) {
    for (char32_t point = range.first; point <= range.last; ++point) {
      const std::string text = escape(point);
      const NodeId after = graph.add_node();
      graph.read(fragment.start, {'\\', '\\'}, after, action);
      const Fragment rest = graph.literal(text.substr(1));
      graph.link(after, rest.start);
      graph.link(rest.end, fragment.end);
    }
  }
  return fragment;
}

Fragment add_pattern(RuleGraph& graph, const Pattern& pattern, Spelling spelling, bool count_characters,
                     const std::function<Fragment(std::size_t)>& reference) {
  const auto add = [&](const Pattern& part) {
    return add_pattern(graph, part, spelling, count_characters, reference);
  };
  std::vector<Fragment> parts;
  switch (pattern.kind) {
    case Pattern::Kind::kCharacter:
      return add_character(graph, pattern.set, spelling,
                           count_characters ? CountAction::kCount : CountAction::kNone);
    case Pattern::Kind::kReference:
      return reference(pattern.reference);
    case Pattern::Kind::kRepeat:
      return graph.repeat([&] { return add(pattern.parts[0]); }, pattern.min, pattern.max);
    case Pattern::Kind::kSequence:
    case Pattern::Kind::kChoice:
      for (const Pattern& part : pattern.parts) {
        parts.push_back(add(part));
      }
  }
  return pattern.kind == Pattern::Kind::kChoice ? graph.choice(parts) : graph.sequence(parts);
}

std::string json_spelling(const std::string& text) {
  std::string spelled;
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    spelled += value < 0x20 || byte == '"' || byte == '\\' ? escape(value) : std::string(1, byte);
  }
  return spelled;
}

}  // namespace everform::constraints
