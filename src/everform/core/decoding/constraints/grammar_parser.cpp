#include "everform/core/decoding/constraints/grammar_parser.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include "everform/core/base/error.h"
#include "everform/core/decoding/constraints/pattern_reader.h"

namespace everform::constraints {
namespace {

constexpr std::size_t kMaxDepth = 200;

Error error_at(std::string_view text, std::size_t at, const std::string& what) {
  const std::string_view before = text.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t begin = before.rfind('\n');
  const std::size_t column = at - (begin == std::string_view::npos ? 0 : begin + 1) + 1;
  return {ErrorKind::kUsage,
          "reading the grammar, line " + std::to_string(line) + ", column " + std::to_string(column), what,
          R"(a rule is: root ::= "yes" | "no")"};
}

bool names(char byte) {
  return std::isalnum(static_cast<unsigned char>(byte)) != 0 || byte == '-' || byte == '_';
}

class Parser {
 public:
  explicit Parser(std::string_view text)
      : reader_(text, [text](std::size_t at, const std::string& what) { return error_at(text, at, what); }) {}

  std::vector<GrammarRule> parse() {
    space(true);
    while (!reader_.done()) {
      rule();
      space(true);
    }
    for (const Slot& slot : slots_) {
      if (!slot.defined) {
        reader_.fail_at(slot.first_use, "there is no rule \"" + printable(slot.name, 60) + "\"");
      }
    }
    if (!ids_.contains("root")) {
      reader_.fail("there is no rule \"root\" to begin with");
    }
    std::vector<GrammarRule> rules;
    for (Slot& slot : slots_) {
      rules.push_back({slot.name, std::move(slot.body)});
    }
    return rules;
  }

 private:
  struct Slot {
    std::string name;
    Pattern body;
    std::size_t first_use = 0;
    bool defined = false;
  };

  // Passes blanks and comments, and line ends where they do not end a rule.
  void space(bool lines) {
    while (!reader_.done()) {
      const char byte = reader_.peek();
      if (byte == '#') {
        while (!reader_.done() && reader_.peek() != '\n') {
          reader_.skip(1);
        }
      } else if (byte == ' ' || byte == '\t' || byte == '\r' || (lines && byte == '\n')) {
        reader_.skip(1);
      } else {
        return;
      }
    }
  }

  std::size_t name() {
    const std::size_t at = reader_.offset();
    std::string name;
    while (names(reader_.peek())) {
      name += reader_.peek();
      reader_.skip(1);
    }
    if (name.empty()) {
      reader_.fail("a name, a literal, a class or a group is missing here");
    }
    const auto [known, is_new] = ids_.try_emplace(name, slots_.size());
    if (is_new) {
      slots_.push_back({.name = name, .body = {}, .first_use = at});
    }
    return known->second;
  }

  void rule() {
    const std::size_t at = reader_.offset();
    const std::size_t id = name();
    space(false);
    if (!(reader_.take(':') && reader_.take(':') && reader_.take('='))) {
      reader_.fail("::= is missing here");
    }
    if (slots_[id].defined) {
      reader_.fail_at(at, "the rule \"" + printable(slots_[id].name, 60) + "\" is defined twice");
    }
    slots_[id].defined = true;
    space(true);
    Pattern body = choice(0);
    slots_[id].body = std::move(body);
    space(false);
    if (!reader_.done() && !reader_.take('\n')) {
      reader_.fail("this does not belong to the rule");
    }
  }

  Pattern choice(std::size_t depth) {
    if (depth > kMaxDepth) {
      reader_.fail("groups are nested more than " + std::to_string(kMaxDepth) + " deep");
    }
    std::vector<Pattern> alternatives = {sequence(depth)};
    while (reader_.take('|')) {
      space(true);
      alternatives.push_back(sequence(depth));
    }
    return Pattern::choice(std::move(alternatives));
  }

  Pattern sequence(std::size_t depth) {
    std::vector<Pattern> parts;
    while (!reader_.done()) {
      const std::size_t at = reader_.offset();
      std::optional<Pattern> part = atom(depth);
      if (!part) {
        break;
      }
      if (reader_.quantifier_ahead()) {
        const auto [min, max] = reader_.quantifier();
        part = Pattern::repeat(std::move(*part), min, max);
      }
      if (reader_.quantifier_ahead()) {
        reader_.fail_at(at, "two quantifiers in a row");
      }
      parts.push_back(std::move(*part));
      space(depth > 0);
    }
    return Pattern::sequence(std::move(parts));
  }

  std::optional<Pattern> atom(std::size_t depth) {
    const std::size_t at = reader_.offset();
    if (reader_.take('"')) {
      return literal(at);
    }
    if (reader_.take('[')) {
      return character_class(at);
    }
    if (reader_.take('.')) {
      return Pattern::character(CodePointSet::all());
    }
    if (reader_.take('(')) {
      space(true);
      Pattern inside = choice(depth + 1);
      if (!reader_.take(')')) {
        reader_.fail_at(at, "a ( without its )");
      }
      return inside;
    }
    if (names(reader_.peek())) {
      Pattern pattern;
      pattern.kind = Pattern::Kind::kReference;
      pattern.reference = name();
      return pattern;
    }
    return std::nullopt;
  }

  char32_t character(std::size_t at) {
    const std::size_t begin = reader_.offset();
    const char32_t point = reader_.next();
    if (point != '\\') {
      return point;
    }
    if (reader_.done()) {
      reader_.fail_at(at, "this does not end");
    }
    switch (const char32_t letter = reader_.next()) {
      case 'n':
        return '\n';
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case 'x':
        return reader_.hex(begin, 2);
      case 'u':
        return reader_.hex(begin, 4);
      case 'U':
        return reader_.hex(begin, 8);
      case '"':
      case '\\':
      case '[':
      case ']':
      case '-':
      case '^':
        return letter;
      default:
        reader_.fail_at(begin, "an escape that is not known");
    }
  }

  Pattern literal(std::size_t at) {
    std::vector<Pattern> characters;
    while (!reader_.take('"')) {
      if (reader_.done() || reader_.peek() == '\n') {
        reader_.fail_at(at, "a literal without its closing \"");
      }
      const char32_t point = character(at);
      characters.push_back(Pattern::character({{point, point}}));
    }
    return Pattern::sequence(std::move(characters));
  }

  Pattern character_class(std::size_t at) {
    const bool negated = reader_.take('^');
    CodePointSet set;
    while (!reader_.take(']')) {
      if (reader_.done() || reader_.peek() == '\n') {
        reader_.fail_at(at, "a [ without its ]");
      }
      const char32_t first = character(at);
      char32_t last = first;
      if (reader_.peek() == '-' && reader_.peek(1) != ']') {
        reader_.take('-');
        if (reader_.done()) {
          reader_.fail_at(at, "a [ without its ]");
        }
        last = character(at);
      }
      if (last < first) {
        reader_.fail_at(at, "a range that runs backwards");
      }
      set.add(CodePointSet{{first, last}}.intersection(CodePointSet::all()));
    }
    if (negated) {
      set = set.complement();
    }
    if (set.empty()) {
      reader_.fail_at(at, "a class that holds no character");
    }
    return Pattern::character(std::move(set));
  }

  PatternReader reader_;
  std::vector<Slot> slots_;
  std::map<std::string, std::size_t> ids_;
};

}  // namespace

std::vector<GrammarRule> parse_grammar(std::string_view text) {
  return Parser(text).parse();
}

}  // namespace everform::constraints
