#include "everform/core/base/error.h"
#include "everform/core/text/regex.h"

namespace everform::text {

namespace {

// \p{Z} and these controls are White_Space; PCRE2's own \s takes U+180E too.
constexpr const char* kWhiteSpace = "\\p{Z}\\t-\\r\\x{85}";
// Alphabetic, marks, decimal digits and connectors; Rust adds the joiners.
constexpr const char* kWordCharacter =
    "\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}\\x{1f150}-\\x{1f169}\\x{1f170}"
    "-\\x{1f189}";
constexpr const char* kJoiners = "\\x{200c}\\x{200d}";
constexpr const char* kHexDigit = "0-9a-fA-F";

class Translator {
 public:
  Translator(const std::string& pattern, RegexDialect dialect, const std::string& where)
      : pattern_(pattern), oniguruma_(dialect == RegexDialect::kOniguruma), where_(where) {}

  std::string run() {
    while (at_ < pattern_.size()) {
      if (pattern_[at_] == '\\') {
        escape_outside();
      } else if (pattern_[at_] == '[') {
        bracket();
      } else if (oniguruma_ && pattern_.compare(at_, 2, "(?") == 0) {
        group_flags();
      } else {
        out_ += pattern_[at_++];
      }
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] void unsupported(const std::string& what) const {
    throw Error(ErrorKind::kBadInput, where_,
                "the pattern " + pattern_ + " uses " + what + ", which is not supported");
  }

  std::string word_characters() const { return std::string(kWordCharacter) + (oniguruma_ ? "" : kJoiners); }

  char escaped() const {
    if (at_ + 1 >= pattern_.size()) {
      throw Error(ErrorKind::kBadInput, where_, "the pattern " + pattern_ + " ends in a backslash");
    }
    return pattern_[at_ + 1];
  }

  void copy_escape() {
    out_.append(pattern_, at_, 2);
    at_ += 2;
  }

  void escape_outside() {
    const char c = escaped();
    const auto as_class = [&](const char* negation, const char* members) {
      out_ += std::string("[") + negation + members + "]";
      at_ += 2;
    };
    switch (c) {
      case 's':
        return as_class("", kWhiteSpace);
      case 'S':
        return as_class("^", kWhiteSpace);
      case 'w':
        return as_class("", word_characters().c_str());
      case 'W':
        return as_class("^", word_characters().c_str());
      case 'K':
        unsupported("\\K");
      case 'h':
      case 'H':
        return oniguruma_ ? as_class(c == 'h' ? "" : "^", kHexDigit) : copy_escape();
      default:
        return copy_escape();
    }
  }

  void escape_inside() {
    switch (escaped()) {
      case 's':
        out_ += kWhiteSpace;
        at_ += 2;
        return;
      case 'w':
        out_ += word_characters();
        at_ += 2;
        return;
      case 'h':
        out_ += oniguruma_ ? kHexDigit : "\\h";
        at_ += 2;
        return;
      default:
        return copy_escape();
    }
  }

  // A class. Nested positive classes are unions, so their brackets can go; negated ones and intersections
  // have no PCRE2 form.
  void bracket() {
    int depth = 0;
    bool first = false;
    do {
      const char c = pattern_[at_];
      if (c == '\\') {
        escape_inside();
        first = false;
      } else if (c == '[' && depth > 0 && pattern_.compare(at_, 2, "[:") == 0) {
        posix_class();
        first = false;
      } else if (c == '[') {
        open_class(depth);
        ++depth;
        first = true;
      } else if (c == ']' && !first) {
        out_ += --depth == 0 ? "]" : "";
        ++at_;
      } else if (c == '&' && pattern_.compare(at_, 2, "&&") == 0) {
        unsupported("a class intersection (&&)");
      } else {
        out_ += c == ']' ? "\\]" : std::string(1, c);
        ++at_;
        first = false;
      }
    } while (depth > 0 && at_ < pattern_.size());
    if (depth > 0) {
      throw Error(ErrorKind::kBadInput, where_,
                  "the pattern " + pattern_ + " has a class without its closing bracket");
    }
  }

  void open_class(int depth) {
    ++at_;
    const bool negated = at_ < pattern_.size() && pattern_[at_] == '^';
    if (depth == 0) {
      out_ += negated ? "[^" : "[";
    } else if (negated) {
      unsupported("a negated class inside a class");
    }
    at_ += negated ? 1 : 0;
  }

  void posix_class() {
    const std::size_t end = pattern_.find(":]", at_);
    if (end == std::string::npos) {
      unsupported("\"[:\" without \":]\"");
    }
    out_.append(pattern_, at_, end + 2 - at_);
    at_ = end + 2;
  }

  // Oniguruma's (?m) lets the dot match line breaks: PCRE2's (?s).
  void group_flags() {
    out_ += "(?";
    at_ += 2;
    std::size_t end = at_;
    while (end < pattern_.size() &&
           (pattern_[end] == 'i' || pattern_[end] == 'm' || pattern_[end] == 'x' || pattern_[end] == '-')) {
      ++end;
    }
    if (end < pattern_.size() && (pattern_[end] == ':' || pattern_[end] == ')')) {
      for (; at_ < end; ++at_) {
        out_ += pattern_[at_] == 'm' ? 's' : pattern_[at_];
      }
    }
  }

  const std::string& pattern_;
  bool oniguruma_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::string out_;
};

}  // namespace

std::string translate_pattern(const std::string& pattern, RegexDialect dialect, const std::string& where) {
  return Translator(pattern, dialect, where).run();
}

}  // namespace everform::text
