// Walking over UTF-8 that may be broken, and the Unicode classes that tokenizers split by.
#pragma once

#include <utf8proc.h>

#include <cstddef>
#include <string_view>

#include "everform/core/base/utf8.h"

namespace everform::text {

/// A byte that belongs to no valid UTF-8 sequence stands for itself as a "code point" above Unicode:
/// kInvalidByte + byte. It is neither letter, number, white space nor punctuation: splitting treats it like a
/// control character.
inline constexpr char32_t kInvalidByte = 0x110000;

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 1;  ///< bytes
};

/// The code point (or invalid byte) at `at`, which must be below text.size().
inline CodePoint code_point_at(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  if (lead < 0x80) {
    return {lead, 1};
  }
  const std::size_t length = utf8_sequence_length(text, at);
  if (length == 0) {
    return {kInvalidByte + lead, 1};
  }
  return {decode_utf8(text, at, length), length};
}

/// The code point (or invalid byte) that ends at `end`, which must be above 0.
CodePoint code_point_before(std::string_view text, std::size_t end);

/// Appends a code point as UTF-8, an invalid byte as itself.
void append_code_point(std::string& out, char32_t value);

inline utf8proc_category_t category(char32_t value) {
  return value < kInvalidByte ? utf8proc_category(static_cast<utf8proc_int32_t>(value))
                              : UTF8PROC_CATEGORY_CC;
}

/// \p{L}
inline bool is_letter(char32_t value) {
  const auto c = category(value);
  return c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO;
}
/// \p{N}
inline bool is_number(char32_t value) {
  const auto c = category(value);
  return c >= UTF8PROC_CATEGORY_ND && c <= UTF8PROC_CATEGORY_NO;
}
/// \p{M}
inline bool is_mark(char32_t value) {
  const auto c = category(value);
  return c >= UTF8PROC_CATEGORY_MN && c <= UTF8PROC_CATEGORY_ME;
}
/// Unicode's White_Space: \p{Z}, tab to carriage return, and next line.
inline bool is_white_space(char32_t value) {
  if (value < 0x80) {
    return value == ' ' || (value >= '\t' && value <= '\r');
  }
  const auto c = category(value);
  return (c >= UTF8PROC_CATEGORY_ZS && c <= UTF8PROC_CATEGORY_ZP) || value == 0x85;
}
/// \p{P}, and the ASCII symbols that BERT counts with it.
bool is_punctuation(char32_t value);
/// \w of Rust's regex crate: Alphabetic, marks, decimal digits, connectors, joiners (UTS 18, annex C).
bool is_word(char32_t value);
/// \p{C}: control, format, unassigned, private use.
bool is_other(char32_t value);

}  // namespace everform::text
