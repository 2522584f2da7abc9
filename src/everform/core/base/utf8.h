// UTF-8 as the Unicode standard defines it (table 3-7): no overlong forms, no surrogates, nothing above
// U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace everform {

/// Length in bytes of the valid UTF-8 sequence that begins at `text[at]`, or 0 where there is none.
std::size_t utf8_sequence_length(std::string_view text, std::size_t at);

/// Offset of the first byte that is not valid UTF-8, or `npos` where all is valid.
std::size_t find_invalid_utf8(std::string_view text);

/// The code point of the valid sequence at `text[at]` of `length` bytes.
char32_t decode_utf8(std::string_view text, std::size_t at, std::size_t length);

/// Appends a code point (not a surrogate, at most U+10FFFF).
void append_utf8(std::string& out, char32_t code_point);

}  // namespace everform
