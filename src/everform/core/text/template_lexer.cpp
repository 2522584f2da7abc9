#include "everform/core/text/template_lexer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "everform/core/base/utf8.h"
#include "everform/core/text/template_context.h"
#include "everform/core/text/template_strings.h"

namespace everform::templates {
namespace {

using Kind = Token::Kind;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool begins_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool continues_name(char c) {
  return begins_name(c) || is_digit(c);
}

class Lexer {
 public:
  explicit Lexer(const std::string& source) : source_(source) {}

  std::vector<Token> run() {
    while (at_ < source_.size()) {
      read_data();
    }
    tokens_.push_back({Kind::kEnd, "", source_.size()});
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void fail(std::size_t offset, const std::string& message) const {
    fail_to_parse(source_, offset, message);
  }
  bool looking_at(std::string_view text) const { return source_.compare(at_, text.size(), text) == 0; }

  // The text up to the next tag, and the tag.
  void read_data() {
    std::size_t tag = at_;
    do {
      tag = source_.find('{', tag == at_ ? at_ : tag);
    } while (tag != std::string::npos && (tag + 1 >= source_.size() || !is_tag(source_[tag + 1])) && ++tag);
    const std::size_t end = tag == std::string::npos ? source_.size() : tag;
    std::string data = source_.substr(at_, end - at_);
    const std::size_t begin = at_;
    at_ = end;
    if (tag == std::string::npos) {
      push_data(std::move(data), begin);
      return;
    }
    const char kind = source_[tag + 1];
    at_ += 2;
    const bool strip = looking_at("-");
    const bool keep = looking_at("+");
    at_ += strip || keep ? 1 : 0;
    if (strip) {
      data = strip_end(data);
    } else if (kind != '{' && !keep) {
      strip_indent(data);
    }
    push_data(std::move(data), begin);
    if (kind == '#') {
      read_comment(tag);
    } else if (kind == '%' && skip_block_name("raw", false)) {
      read_raw(tag);
    } else {
      read_tag(tag, kind == '{');
    }
  }

  static bool is_tag(char c) { return c == '{' || c == '%' || c == '#'; }

  void push_data(std::string data, std::size_t offset) {
    if (!data.empty()) {
      tokens_.push_back({Kind::kData, std::move(data), offset});
    }
  }

  // lstrip_blocks: white space between the beginning of the line and a block or comment goes.
  void strip_indent(std::string& data) const {
    const std::size_t line = data.rfind('\n') + 1;  // 0 where there is none
    if ((line > 0 || line_begins_) && data.find_first_not_of(" \t\v\f", line) == std::string::npos) {
      data.resize(line);
    }
  }

  void read_comment(std::size_t tag) {
    const std::size_t end = source_.find("#}", at_);
    if (end == std::string::npos) {
      fail(tag, "the comment has no end, #}");
    }
    at_ = end + 2;
    after_tag(end > tag + 2 ? source_[end - 1] : ' ', true);
  }

  // After a tag: `-` takes all white space, otherwise trim_blocks takes one line end after a block or
  // comment.
  void after_tag(char sign, bool block) {
    if (sign == '-') {
      at_ += source_.size() - at_ - strip_begin(source_.substr(at_)).size();
    } else if (block && sign != '+' && looking_at("\n")) {
      ++at_;
    }
    line_begins_ = source_[at_ - 1] == '\n';
  }

  // True, and past "name %}", where the block's only word is `name`.
  bool skip_block_name(std::string_view name, bool trim) {
    std::size_t i = source_.find_first_not_of(" \t\n", at_);
    if (i == std::string::npos || source_.compare(i, name.size(), name) != 0) {
      return false;
    }
    i = source_.find_first_not_of(" \t\n", i + name.size());
    if (i == std::string::npos) {
      return false;
    }
    const char sign = source_[i];
    i += sign == '-' || sign == '+' ? 1 : 0;
    if (source_.compare(i, 2, "%}") != 0) {
      return false;
    }
    at_ = i + 2;
    after_tag(sign, trim);
    return true;
  }

  void read_raw(std::size_t tag) {
    const std::size_t begin = at_;
    for (std::size_t end = source_.find("{%", at_); end != std::string::npos;
         end = source_.find("{%", end + 2)) {
      at_ = end + 2;
      const bool strip = looking_at("-");
      const bool keep = looking_at("+");
      at_ += strip || keep ? 1 : 0;
      std::string data = source_.substr(begin, end - begin);
      if (strip) {
        data = strip_end(data);
      } else if (!keep) {
        strip_indent(data);
      }
      if (skip_block_name("endraw", true)) {
        push_data(std::move(data), begin);
        return;
      }
    }
    fail(tag, "the raw block has no end, {% endraw %}");
  }

  void read_tag(std::size_t tag, bool variable) {
    tokens_.push_back({variable ? Kind::kVariableBegin : Kind::kBlockBegin, "", tag});
    const std::string_view end = variable ? "}}" : "%}";
    std::string open;  // brackets that wait for their partners
    while (true) {
      at_ = std::min(source_.find_first_not_of(" \t\n\v\f", at_), source_.size());
      if (at_ == source_.size()) {
        fail(tag, std::string("the tag has no end, ") + std::string(end));
      }
      const char sign = source_[at_];
      const bool signed_end =
          (sign == '-' || (sign == '+' && !variable)) && source_.compare(at_ + 1, 2, end) == 0;
      if (open.empty() && (signed_end || looking_at(end))) {
        tokens_.push_back({variable ? Kind::kVariableEnd : Kind::kBlockEnd, "", at_});
        at_ += signed_end ? 3 : 2;
        after_tag(signed_end ? sign : ' ', !variable);
        return;
      }
      read_token(open);
    }
  }

  void read_token(std::string& open) {
    const char c = source_[at_];
    if (begins_name(c)) {
      read_while(Kind::kName, continues_name);
    } else if (is_digit(c)) {
      read_number();
    } else if (c == '"' || c == '\'') {
      read_string(c);
    } else {
      read_operator(open);
    }
  }

  template <typename Condition>
  void read_while(Kind kind, const Condition& condition) {
    const std::size_t begin = at_;
    while (at_ < source_.size() && condition(source_[at_])) {
      ++at_;
    }
    tokens_.push_back({kind, source_.substr(begin, at_ - begin), begin});
  }

  void read_digits(std::string& text) {
    while (at_ < source_.size() && (is_digit(source_[at_]) || source_[at_] == '_')) {
      if (source_[at_] != '_') {
        text += source_[at_];
      }
      ++at_;
    }
  }

  void read_number() {
    const std::size_t begin = at_;
    Kind kind = Kind::kInteger;
    std::string text;
    read_digits(text);
    const auto digit_at = [&](std::size_t i) { return i < source_.size() && is_digit(source_[i]); };
    if (looking_at(".") && digit_at(at_ + 1)) {
      kind = Kind::kFloat;
      text += source_[at_++];
      read_digits(text);
    }
    if (looking_at("e") || looking_at("E")) {
      const std::size_t sign =
          at_ + 1 < source_.size() && (source_[at_ + 1] == '-' || source_[at_ + 1] == '+') ? 1 : 0;
      if (digit_at(at_ + 1 + sign)) {
        kind = Kind::kFloat;
        text += source_.substr(at_, 1 + sign);
        at_ += 1 + sign;
        read_digits(text);
      }
    }
    tokens_.push_back({kind, std::move(text), begin});
  }

  // Python's escapes; an unknown one keeps its backslash.
  void read_string(char quote) {
    const std::size_t begin = at_++;
    std::string text;
    while (at_ < source_.size() && source_[at_] != quote) {
      if (source_[at_] == '\\' && at_ + 1 < source_.size()) {
        ++at_;
        read_escape(text);
      } else {
        text += source_[at_++];
      }
    }
    if (at_ == source_.size()) {
      fail(begin, std::string("the string has no end, ") + quote);
    }
    ++at_;
    tokens_.push_back({Kind::kString, std::move(text), begin});
  }

  void read_escape(std::string& text) {
    static constexpr std::string_view kLetters = "\\'\"abfnrtv\n";
    static constexpr std::array<std::string_view, 11> kMeanings = {"\\", "'",  "\"", "\a", "\b", "\f",
                                                                   "\n", "\r", "\t", "\v", ""};
    const char c = source_[at_++];
    if (const std::size_t at = kLetters.find(c); at != std::string_view::npos) {
      text += kMeanings[at];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      append_code(text, at_, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16);
    } else if (c >= '0' && c <= '7') {
      --at_;
      std::size_t digits = 1;
      while (digits < 3 && at_ + digits < source_.size() && source_[at_ + digits] >= '0' &&
             source_[at_ + digits] <= '7') {
        ++digits;
      }
      append_code(text, at_, digits, 8);
    } else {
      text += '\\';
      text += c;
    }
  }

  void append_code(std::string& text, std::size_t begin, std::size_t digits, unsigned base) {
    char32_t code = 0;
    for (; at_ < begin + digits; ++at_) {
      const char c = at_ < source_.size() ? source_[at_] : ' ';
      const unsigned digit = is_digit(c)              ? static_cast<unsigned>(c - '0')
                             : (c >= 'a' && c <= 'f') ? static_cast<unsigned>(c - 'a' + 10)
                             : (c >= 'A' && c <= 'F') ? static_cast<unsigned>(c - 'A' + 10)
                                                      : base;
      if (digit >= base) {
        fail(begin, "the escape needs " + std::to_string(digits) + " digits of base " + std::to_string(base));
      }
      code = code * base + digit;
    }
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      fail(begin, "the escape names no character");
    }
    append_utf8(text, code);
  }

  void read_operator(std::string& open) {
    static constexpr std::array<std::string_view, 25> kOperators = {
        "**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "(",
        ")",  "[",  "]",  "{",  "}",  "<",  ">", "=", ".", ",", ":", "|"};
    for (const std::string_view text : kOperators) {
      if (!looking_at(text)) {
        continue;
      }
      if (text == "(" || text == "[" || text == "{") {
        open += text == "(" ? ')' : text == "[" ? ']' : '}';
      } else if (text == ")" || text == "]" || text == "}") {
        if (open.empty() || open.back() != text[0]) {
          fail(at_, std::string(text) + " closes nothing that is open");
        }
        open.pop_back();
      }
      tokens_.push_back({Kind::kOperator, std::string(text), at_});
      at_ += text.size();
      return;
    }
    fail(at_, std::string("the character ") + source_[at_] + " has no meaning here");
  }

  const std::string& source_;
  std::size_t at_ = 0;
  bool line_begins_ = true;  // nothing but line ends lies between the last tag and here
  std::vector<Token> tokens_;
};

}  // namespace

std::string normalize_template(const std::string& source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else if (i + 1 == source.size() || source[i + 1] != '\n') {
      out += '\n';
    }
  }
  if (out.ends_with('\n')) {
    out.pop_back();
  }
  return out;
}

std::vector<Token> lex_template(const std::string& source) {
  return Lexer(source).run();
}

}  // namespace everform::templates
