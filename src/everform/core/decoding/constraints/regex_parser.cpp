#include "everform/core/decoding/constraints/regex_parser.h"

#include <cctype>
#include <map>

#include "everform/core/base/error.h"
#include "everform/core/base/utf8.h"
#include "everform/core/decoding/constraints/pattern_reader.h"

namespace everform::constraints {
namespace {

constexpr std::size_t kMaxDepth = 200;

CodePointSet dot() {
  return CodePointSet{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}.complement();
}
Pattern anything() {
  return Pattern::repeat(Pattern::character(CodePointSet::all()), 0, Rule::kUnbounded);
}

class Parser {
 public:
  Parser(std::string_view text, RegexMatch match, const std::string& where)
      : match_(match), reader_(text, [where, text](std::size_t at, const std::string& what) -> Error {
          return {ErrorKind::kUsage, where,
                  "\"" + printable(std::string(text), 80) + "\", offset " + std::to_string(at) + ": " + what};
        }) {}

  Pattern parse() {
    Pattern pattern = choice(0);
    if (!reader_.done()) {
      reader_.fail("a ) without its (");
    }
    return pattern;
  }

 private:
  // Depth 0 is the whole pattern. A group that is all of it counts as such for ^ and $ no more.
  Pattern choice(std::size_t depth) {
    if (depth > kMaxDepth) {
      reader_.fail("groups are nested more than " + std::to_string(kMaxDepth) + " deep");
    }
    std::vector<Pattern> alternatives;
    do {
      alternatives.push_back(sequence(depth));
    } while (reader_.take('|'));
    return Pattern::choice(std::move(alternatives));
  }

  Pattern sequence(std::size_t depth) {
    std::vector<Pattern> parts;
    const bool begins = depth == 0 && reader_.take('^');
    bool ends = false;
    while (!reader_.done() && reader_.peek() != '|' && reader_.peek() != ')') {
      if (reader_.peek() == '^' || (reader_.peek() == '$' && !at_end(depth))) {
        reader_.fail(std::string(1, reader_.peek()) +
                     " may stand only at an end of the pattern or of one of its outermost alternatives");
      }
      if (reader_.take('$')) {
        ends = true;
        break;
      }
      Pattern part = atom(depth);
      parts.push_back(quantified(std::move(part)));
    }
    if (depth == 0 && match_ == RegexMatch::kSearch) {
      if (!begins) {
        parts.insert(parts.begin(), anything());
      }
      if (!ends) {
        parts.push_back(anything());
      }
    }
    return Pattern::sequence(std::move(parts));
  }

  // Whether the $ here ends an outermost alternative.
  bool at_end(std::size_t depth) const {
    const char next = reader_.peek(1);
    return depth == 0 && (next == '\0' ? reader_.rest().size() == 1 : next == '|');
  }

  Pattern atom(std::size_t depth) {
    const std::size_t at = reader_.offset();
    if (reader_.take('(')) {
      return group(depth, at);
    }
    if (reader_.take('[')) {
      return Pattern::character(character_class());
    }
    if (reader_.take('.')) {
      return Pattern::character(dot());
    }
    if (reader_.take('\\')) {
      return Pattern::character(escape(at));
    }
    if (std::string_view("*+?{").find(reader_.peek()) != std::string_view::npos) {
      reader_.fail("a quantifier without something before it (write \\" + std::string(1, reader_.peek()) +
                   " for the character)");
    }
    const char32_t point = reader_.next();
    return Pattern::character({{point, point}});
  }

  Pattern group(std::size_t depth, std::size_t at) {
    if (reader_.take('?')) {
      if (reader_.peek() == '=' || reader_.peek() == '!' ||
          (reader_.peek() == '<' && (reader_.peek(1) == '=' || reader_.peek(1) == '!'))) {
        reader_.fail_at(at, "look-around is not supported");
      }
      if (reader_.take('<') || (reader_.take('P') && reader_.take('<'))) {
        while (!reader_.take('>')) {
          if (reader_.done()) {
            reader_.fail_at(at, "the name of a group does not end");
          }
          reader_.next();
        }
      } else if (!reader_.take(':')) {
        reader_.fail_at(at, "flags and other special groups are not supported");
      }
    }
    Pattern inside = choice(depth + 1);
    if (!reader_.take(')')) {
      reader_.fail_at(at, "a ( without its )");
    }
    return inside;
  }

  Pattern quantified(Pattern part) {
    if (!reader_.quantifier_ahead()) {
      return part;
    }
    const auto [min, max] = reader_.quantifier();
    reader_.take('?');  // lazy: the same texts
    if (reader_.peek() == '+' && !reader_.done()) {
      reader_.fail("possessive quantifiers are not supported");
    }
    if (reader_.quantifier_ahead()) {
      reader_.fail("two quantifiers in a row");
    }
    return Pattern::repeat(std::move(part), min, max);
  }

  // After the backslash at `at`, outside a class.
  CodePointSet escape(std::size_t at) {
    const char letter = reader_.peek();
    if (letter >= '1' && letter <= '9') {
      reader_.fail_at(at, "backreferences are not supported");
    }
    if (letter == 'b' || letter == 'B' || letter == 'A' || letter == 'Z' || letter == 'z' || letter == 'G') {
      reader_.fail_at(at, std::string("\\") + letter + " is not supported");
    }
    if (letter == 'k') {
      reader_.fail_at(at, "backreferences are not supported");
    }
    return class_escape(at);
  }

  CodePointSet class_escape(std::size_t at) {
    if (reader_.done()) {
      reader_.fail_at(at, "a backslash at the end");
    }
    const char32_t letter = reader_.next();
    switch (letter) {
      case 'd':
        return CodePointSet::digits();
      case 'D':
        return CodePointSet::digits().complement();
      case 'w':
        return CodePointSet::word();
      case 'W':
        return CodePointSet::word().complement();
      case 's':
        return CodePointSet::space();
      case 'S':
        return CodePointSet::space().complement();
      case 'p':
      case 'P':
        return property(at, letter == 'P');
      default: {
        const char32_t point = single_escape(at, letter);
        return {{point, point}};
      }
    }
  }

  CodePointSet property(std::size_t at, bool negated) {
    std::string name;
    if (reader_.take('{')) {
      while (!reader_.take('}')) {
        if (reader_.done() || name.size() > 40) {
          reader_.fail_at(at, "the name of a property does not end");
        }
        append_utf8(name, reader_.next());
      }
    } else if (!reader_.done()) {
      append_utf8(name, reader_.next());
    }
    const auto [known, is_new] = categories_.try_emplace(name);
    if (is_new) {
      known->second = CodePointSet::category(name);
    }
    const CodePointSet& set = known->second;
    if (set.empty()) {
      reader_.fail_at(at, "\\p{" + printable(name, 40) + "} is no general category (L, Lu, N, Nd, P, ...)");
    }
    return negated ? set.complement() : set;
  }

  char32_t single_escape(std::size_t at, char32_t letter) {
    switch (letter) {
      case 't':
        return '\t';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 'f':
        return '\f';
      case 'v':
        return '\v';
      case 'b':  // in a class
        return '\b';
      case '0':
        return U'\0';
      case 'x':
        return reader_.hex(at, 2);
      case 'u':
        return reader_.peek() == '{' ? reader_.braced_hex(at) : utf16_escape(at);
      case 'c': {
        const char32_t control = reader_.done() ? 0 : reader_.next();
        if ((control >= 'a' && control <= 'z') || (control >= 'A' && control <= 'Z')) {
          return control & 31U;
        }
        reader_.fail_at(at, "\\c needs a letter");
      }
      default:
        if (letter < 0x80 && (std::isalnum(static_cast<int>(letter)) != 0)) {
          reader_.fail_at(at, std::string("\\") + static_cast<char>(letter) + " is not supported");
        }
        return letter;
    }
  }

  // \uD83D\uDE00 is one code point.
  char32_t utf16_escape(std::size_t at) {
    const char32_t first = reader_.hex(at, 4, true);
    if (first < 0xD800 || first > 0xDFFF) {
      return first;
    }
    if (first <= 0xDBFF && reader_.take('\\') && reader_.take('u')) {
      const char32_t second = reader_.hex(at, 4, true);
      if (second >= 0xDC00 && second <= 0xDFFF) {
        return 0x10000 + ((first - 0xD800) << 10U) + (second - 0xDC00);
      }
    }
    reader_.fail_at(at, "half of a surrogate pair");
  }

  // After the [.
  CodePointSet character_class() {
    const std::size_t at = reader_.offset() - 1;
    const bool negated = reader_.take('^');
    CodePointSet set;
    bool first = true;
    while (first || !reader_.take(']')) {
      if (first && reader_.take(']')) {
        break;  // ECMA-262: [] holds nothing, [^] everything
      }
      first = false;
      if (reader_.done()) {
        reader_.fail_at(at, "a [ without its ]");
      }
      class_item(set);
    }
    if (set.empty() && !negated) {
      reader_.fail_at(at, "a class that holds no character");
    }
    return negated ? set.complement() : set;
  }

  void class_item(CodePointSet& set) {
    const std::size_t at = reader_.offset();
    if (reader_.peek() == '[' && (reader_.peek(1) == ':' || reader_.peek(1) == '=')) {
      reader_.fail("POSIX classes are not supported");
    }
    const CodePointSet low = class_member();
    if (reader_.peek() != '-' || reader_.done() || reader_.peek(1) == ']' || reader_.rest().size() < 2) {
      set.add(low);
      return;
    }
    reader_.take('-');
    const CodePointSet high = class_member();
    if (!is_single(low) || !is_single(high)) {
      reader_.fail_at(at, "a range needs a character at each end");
    }
    if (low.ranges()[0].first > high.ranges()[0].first) {
      reader_.fail_at(at, "a range that runs backwards");
    }
    // A range over the surrogates means the scalar values in it.
    set.add(CodePointSet{{low.ranges()[0].first, high.ranges()[0].first}}.intersection(CodePointSet::all()));
  }

  static bool is_single(const CodePointSet& set) {
    return set.ranges().size() == 1 && set.ranges()[0].first == set.ranges()[0].last;
  }

  CodePointSet class_member() {
    const std::size_t at = reader_.offset();
    if (reader_.take('\\')) {
      return class_escape(at);
    }
    const char32_t point = reader_.next();
    return {{point, point}};
  }

  RegexMatch match_;
  PatternReader reader_;
  std::map<std::string, CodePointSet> categories_;  // finding one looks at all of Unicode
};

}  // namespace

Pattern parse_regex(std::string_view text, RegexMatch match, const std::string& where) {
  return Parser(text, match, where).parse();
}

}  // namespace everform::constraints
