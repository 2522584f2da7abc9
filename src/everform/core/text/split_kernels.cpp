#include "everform/core/text/split_kernels.h"

#include <array>

#include "everform/core/text/code_points.h"

namespace everform::text {

namespace {

constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr std::string_view kGpt2PatternShort =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))";
constexpr std::string_view kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

enum class Class : std::uint8_t { kOther, kLetter, kNumber, kSpace, kBeyondAscii };

constexpr std::array<Class, 256> make_ascii_classes() {
  std::array<Class, 256> classes{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool space = c == ' ' || (c >= '\t' && c <= '\r');
    classes[c] = c >= 0x80                ? Class::kBeyondAscii
                 : letter                 ? Class::kLetter
                 : (c >= '0' && c <= '9') ? Class::kNumber
                 : space                  ? Class::kSpace
                                          : Class::kOther;
  }
  return classes;
}
constexpr std::array<Class, 256> kAsciiClasses = make_ascii_classes();

struct Character {
  Class kind = Class::kOther;
  std::uint32_t length = 0;  ///< 0 at the end of the text
};

// Reads classes from a text; all matchers below are loops over it.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  std::size_t size() const { return text_.size(); }
  char byte(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }

  Character at(std::size_t at) const {
    if (at >= text_.size()) {
      return {};
    }
    const Class kind = kAsciiClasses[static_cast<unsigned char>(text_[at])];
    return kind != Class::kBeyondAscii ? Character{kind, 1} : beyond_ascii(at);
  }

  // The end of the run of one class that begins at `at`.
  template <Class kKind>
  std::size_t run(std::size_t at) const {
    while (at < text_.size()) {
      const Class kind = kAsciiClasses[static_cast<unsigned char>(text_[at])];
      if (kind == kKind) {
        ++at;
        continue;
      }
      if (kind != Class::kBeyondAscii) {
        break;
      }
      const Character character = beyond_ascii(at);
      if (character.kind != kKind) {
        break;
      }
      at += character.length;
    }
    return at;
  }

 private:
  Character beyond_ascii(std::size_t at) const {
    const CodePoint point = code_point_at(text_, at);
    const auto length = static_cast<std::uint32_t>(point.length);
    switch (category(point.value)) {
      case UTF8PROC_CATEGORY_LU:
      case UTF8PROC_CATEGORY_LL:
      case UTF8PROC_CATEGORY_LT:
      case UTF8PROC_CATEGORY_LM:
      case UTF8PROC_CATEGORY_LO:
        return {Class::kLetter, length};
      case UTF8PROC_CATEGORY_ND:
      case UTF8PROC_CATEGORY_NL:
      case UTF8PROC_CATEGORY_NO:
        return {Class::kNumber, length};
      case UTF8PROC_CATEGORY_ZS:
      case UTF8PROC_CATEGORY_ZL:
      case UTF8PROC_CATEGORY_ZP:
        return {Class::kSpace, length};
      default:
        return {point.value == 0x85 ? Class::kSpace : Class::kOther, length};
    }
  }

  std::string_view text_;
};

// 's 't 're 've 'm 'll 'd after the apostrophe at `at`: its length, 0 where it is none.
std::size_t contraction(const Cursor& cursor, std::size_t at) {
  const char first = cursor.byte(at + 1);
  switch (first) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return cursor.byte(at + 2) == 'e' ? 3 : 0;
    case 'l':
      return cursor.byte(at + 2) == 'l' ? 3 : 0;
    default:
      return 0;
  }
}

// As contraction(), in any case; U+017F (long s) folds to s.
std::size_t contraction_any_case(const Cursor& cursor, std::size_t at) {
  const auto lower = [&](std::size_t i) {
    const char c = cursor.byte(i);
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  switch (lower(at + 1)) {
    case 's':
    case 't':
    case 'm':
    case 'd':
      return 2;
    case 'r':
    case 'v':
      return lower(at + 2) == 'e' ? 3 : 0;
    case 'l':
      return lower(at + 2) == 'l' ? 3 : 0;
    case '\xc5':
      return cursor.byte(at + 2) == '\xbf' ? 3 : 0;
    default:
      return 0;
  }
}

// The end of a run of white space, and where its last character begins.
struct SpaceRun {
  std::size_t end = 0;
  std::size_t last = 0;
};

SpaceRun space_run(const Cursor& cursor, std::size_t at) {
  SpaceRun run{at, at};
  for (Character c = cursor.at(at); c.length > 0 && c.kind == Class::kSpace; c = cursor.at(run.end)) {
    run.last = run.end;
    run.end += c.length;
  }
  return run;
}

// \s+(?!\S)|\s+: the whole run at the end of the text, else all but its last character, else that one.
std::size_t end_of_spaces(const SpaceRun& run, std::size_t begin, std::size_t limit) {
  return run.end == limit || run.last == begin ? run.end : run.last;
}

template <bool kDigitsAlone>
struct Gpt2Matcher {
  static std::size_t next(const Cursor& cursor, std::size_t at) {
    if (cursor.byte(at) == '\'') {
      if (const std::size_t length = contraction(cursor, at)) {
        return at + length;
      }
    }
    Character c = cursor.at(at);
    std::size_t body = at;
    if (cursor.byte(at) == ' ') {
      const Character after = cursor.at(at + 1);
      const bool takes =
          after.length > 0 && after.kind != Class::kSpace && !(kDigitsAlone && after.kind == Class::kNumber);
      if (takes) {
        c = after;
        body = at + 1;
      }
    }
    switch (c.kind) {
      case Class::kLetter:
        return cursor.run<Class::kLetter>(body + c.length);
      case Class::kNumber:
        return kDigitsAlone ? body + c.length : cursor.run<Class::kNumber>(body + c.length);
      case Class::kSpace:
        return spaces(cursor, at);
      default:
        return cursor.run<Class::kOther>(body + c.length);
    }
  }

  static std::size_t spaces(const Cursor& cursor, std::size_t at) {
    const SpaceRun run = space_run(cursor, at);
    // The digits were cut out first, so a run before one stands at the end of its text.
    const bool before_digit =
        kDigitsAlone && run.end < cursor.size() && cursor.at(run.end).kind == Class::kNumber;
    return before_digit ? run.end : end_of_spaces(run, at, cursor.size());
  }
};

template <int kDigits>
struct Llama3Matcher {
  static std::size_t next(const Cursor& cursor, std::size_t at) {
    const char byte = cursor.byte(at);
    if (byte == '\'') {
      if (const std::size_t length = contraction_any_case(cursor, at)) {
        return at + length;
      }
    }
    const Character c = cursor.at(at);
    switch (c.kind) {
      case Class::kLetter:
        return cursor.run<Class::kLetter>(at + c.length);
      case Class::kNumber:
        return digits(cursor, at + c.length);
      case Class::kSpace:
        return spaces(cursor, at, c);
      default:
        if (cursor.at(at + c.length).kind == Class::kLetter && at + c.length < cursor.size()) {
          return cursor.run<Class::kLetter>(at + c.length);
        }
        return others(cursor, at + c.length);
    }
  }

  static std::size_t digits(const Cursor& cursor, std::size_t end) {
    for (int count = 1; count < kDigits; ++count) {
      const Character c = cursor.at(end);
      if (c.length == 0 || c.kind != Class::kNumber) {
        break;
      }
      end += c.length;
    }
    return end;
  }

  static std::size_t others(const Cursor& cursor, std::size_t at) {
    std::size_t end = cursor.run<Class::kOther>(at);
    while (cursor.byte(end) == '\r' || cursor.byte(end) == '\n') {
      ++end;
    }
    return end;
  }

  static std::size_t spaces(const Cursor& cursor, std::size_t at, Character c) {
    const char byte = cursor.byte(at);
    const Character after = cursor.at(at + c.length);
    if (byte != '\r' && byte != '\n' && after.length > 0 && after.kind == Class::kLetter) {
      return cursor.run<Class::kLetter>(at + c.length);
    }
    if (byte == ' ' && after.length > 0 && after.kind == Class::kOther) {
      return others(cursor, at + c.length);
    }
    const SpaceRun run = space_run(cursor, at);
    // \s*[\r\n]+ takes everything up to the last line break of the run.
    for (std::size_t end = run.end; end > at; --end) {
      if (cursor.byte(end - 1) == '\r' || cursor.byte(end - 1) == '\n') {
        return end;
      }
    }
    return end_of_spaces(run, at, cursor.size());
  }
};

template <typename Matcher>
void split_all(std::string_view text, std::uint32_t base, std::vector<std::uint32_t>& ends) {
  const Cursor cursor(text);
  for (std::size_t at = 0; at < text.size();) {
    at = Matcher::next(cursor, at);
    ends.push_back(base + static_cast<std::uint32_t>(at));
  }
}

}  // namespace

std::optional<SplitKernel> kernel_of_pattern(std::string_view pattern) {
  if (pattern == kGpt2Pattern || pattern == kGpt2PatternShort) {
    return SplitKernel::kGpt2;
  }
  if (pattern == kLlama3Pattern) {
    return SplitKernel::kLlama3;
  }
  if (pattern == kQwen2Pattern) {
    return SplitKernel::kQwen2;
  }
  return std::nullopt;
}

std::string_view pattern_of_kernel(SplitKernel kernel) {
  switch (kernel) {
    case SplitKernel::kGpt2:
    case SplitKernel::kGpt2Digits:
      return kGpt2Pattern;
    case SplitKernel::kLlama3:
      return kLlama3Pattern;
    case SplitKernel::kQwen2:
      return kQwen2Pattern;
  }
  return {};
}

void split_by_kernel(SplitKernel kernel, std::string_view text, std::uint32_t base,
                     std::vector<std::uint32_t>& ends) {
  switch (kernel) {
    case SplitKernel::kGpt2:
      return split_all<Gpt2Matcher<false>>(text, base, ends);
    case SplitKernel::kGpt2Digits:
      return split_all<Gpt2Matcher<true>>(text, base, ends);
    case SplitKernel::kLlama3:
      return split_all<Llama3Matcher<3>>(text, base, ends);
    case SplitKernel::kQwen2:
      return split_all<Llama3Matcher<1>>(text, base, ends);
  }
}

}  // namespace everform::text
