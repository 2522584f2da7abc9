#include "everform/core/decoding/constraints/pattern_reader.h"

#include <cctype>

#include "everform/core/base/utf8.h"
#include "everform/core/decoding/constraints/rule_graph.h"

namespace everform::constraints {
namespace {

bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

}  // namespace

PatternReader::PatternReader(std::string_view text, MakeError make_error)
    : text_(text), make_error_(std::move(make_error)) {
  if (text.size() > kMaxBytes) {
    fail_at(kMaxBytes, "more than " + std::to_string(kMaxBytes) + " bytes");
  }
  const std::size_t invalid = find_invalid_utf8(text);
  if (invalid != std::string_view::npos) {
    fail_at(invalid, "a byte that is no UTF-8");
  }
}

bool PatternReader::take(char byte) {
  if (done() || text_[at_] != byte) {
    return false;
  }
  ++at_;
  return true;
}

char32_t PatternReader::next() {
  const std::size_t length = utf8_sequence_length(text_, at_);
  const char32_t point = decode_utf8(text_, at_, length);
  at_ += length;
  return point;
}

char32_t PatternReader::scalar(std::size_t at, std::uint64_t value, bool surrogates) const {
  const bool half = value >= 0xD800 && value <= 0xDFFF;
  if (value > 0x10FFFF || (half && !surrogates)) {
    fail_at(at, "an escape of no Unicode character");
  }
  return static_cast<char32_t>(value);
}

char32_t PatternReader::hex(std::size_t at, std::size_t digits, bool surrogates) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const char digit = peek();
    if (std::isxdigit(static_cast<unsigned char>(digit)) == 0) {
      fail_at(at, "an escape that needs " + std::to_string(digits) + " hexadecimal digits");
    }
    value = 16 * value + static_cast<std::uint64_t>(is_digit(digit) ? digit - '0' : (digit | 32) - 'a' + 10);
    ++at_;
  }
  return scalar(at, value, surrogates);
}

char32_t PatternReader::braced_hex(std::size_t at) {
  take('{');
  const std::size_t digits = rest().find('}');
  if (digits == std::string_view::npos || digits == 0 || digits > 6) {
    fail_at(at, "an escape that needs one to six hexadecimal digits in braces");
  }
  const char32_t value = hex(at, digits);
  take('}');
  return value;
}

bool PatternReader::quantifier_ahead() const {
  const char byte = peek();
  return !done() && (byte == '*' || byte == '+' || byte == '?' || byte == '{');
}

std::uint32_t PatternReader::number(std::size_t at) {
  std::uint32_t value = 0;
  if (!is_digit(peek())) {
    fail_at(at, "a { needs a number (write \\{ for the character)");
  }
  while (is_digit(peek())) {
    value = 10 * value + static_cast<std::uint32_t>(text_[at_++] - '0');
    if (value > kMaxRepetitions) {
      fail_at(at, "more than " + std::to_string(kMaxRepetitions) + " repetitions");
    }
  }
  return value;
}

std::pair<std::uint32_t, std::uint32_t> PatternReader::quantifier() {
  const std::size_t at = at_;
  if (take('*')) {
    return {0, Rule::kUnbounded};
  }
  if (take('+')) {
    return {1, Rule::kUnbounded};
  }
  if (take('?')) {
    return {0, 1};
  }
  take('{');
  const std::uint32_t min = number(at);
  std::uint32_t max = min;
  if (take(',')) {
    max = peek() == '}' ? Rule::kUnbounded : number(at);
  }
  if (!take('}')) {
    fail_at(at, "a { without its }");
  }
  if (max < min) {
    fail_at(at, "bounds that run backwards");
  }
  return {min, max};
}

}  // namespace everform::constraints
