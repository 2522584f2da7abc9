#include "everform/domains/automata/rule.h"

#include "everform/core/base/error.h"

namespace everform {
namespace {

class RuleReader {
 public:
  RuleReader(std::string_view text, const std::string& where)
      : text_(text.substr(0, text.find(':'))), where_(where) {}

  Rule read() {
    Rule rule;
    if (is_letter('B')) {
      ++at_;
      rule.birth = digits("/");
      slash();
      if (!is_letter('S')) {
        fail("'S' should stand here");
      }
      ++at_;
      rule.survive = digits("");
    } else {
      rule.survive = digits("/");
      slash();
      rule.birth = digits("");
    }
    return rule;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    throw Error(
        ErrorKind::kUsage, where_,
        "rule \"" + printable(std::string(text_)) + "\", column " + std::to_string(at_ + 1) + ": " + message,
        "write it as B3/S23: neighbour counts 0 to 8 of birth and of survival");
  }

  bool is_letter(char upper) const {
    return at_ < text_.size() && (text_[at_] == upper || text_[at_] == upper + 32);
  }

  void slash() {
    if (at_ >= text_.size() || text_[at_] != '/') {
      fail("'/' should stand here");
    }
    ++at_;
  }

  /// Digits up to the first character of `end`, or the end of the text where `end` is empty.
  std::uint16_t digits(std::string_view end) {
    std::uint16_t counts = 0;
    for (; at_ < text_.size() && (end.empty() || text_[at_] != end[0]); ++at_) {
      const char c = text_[at_];
      if (c < '0' || c > '8') {
        fail("'" + printable(std::string(1, c)) + "' is no number of neighbours");
      }
      const auto bit = static_cast<std::uint16_t>(1U << (c - '0'));
      if ((counts & bit) != 0) {
        fail(std::string("digit ") + c + " stands twice");
      }
      counts = static_cast<std::uint16_t>(counts | bit);
    }
    return counts;
  }

  std::string_view text_;
  const std::string& where_;
  std::size_t at_ = 0;
};

}  // namespace

Rule parse_rule(std::string_view text, const std::string& where) {
  return RuleReader(text, where).read();
}

std::string rule_text(const Rule& rule) {
  std::string text = "B";
  for (int n = 0; n <= 8; ++n) {
    if (rule.next(false, n)) {
      text += std::to_string(n);
    }
  }
  text += "/S";
  for (int n = 0; n <= 8; ++n) {
    if (rule.next(true, n)) {
      text += std::to_string(n);
    }
  }
  return text;
}

}  // namespace everform
