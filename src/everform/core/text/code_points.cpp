#include "everform/core/text/code_points.h"

#include <algorithm>
#include <string>

namespace everform::text {

CodePoint code_point_before(std::string_view text, std::size_t end) {
  const std::size_t longest = std::min<std::size_t>(end, 4);
  for (std::size_t length = 1; length <= longest; ++length) {
    if (utf8_sequence_length(text.substr(0, end), end - length) == length) {
      return {decode_utf8(text, end - length, length), length};
    }
  }
  return {kInvalidByte + static_cast<unsigned char>(text[end - 1]), 1};
}

void append_code_point(std::string& out, char32_t value) {
  if (value >= kInvalidByte) {
    out.push_back(static_cast<char>(value - kInvalidByte));
  } else {
    append_utf8(out, value);
  }
}

bool is_punctuation(char32_t value) {
  if (value < 0x80) {
    return (value >= 33 && value <= 47) || (value >= 58 && value <= 64) || (value >= 91 && value <= 96) ||
           (value >= 123 && value <= 126);
  }
  const auto c = category(value);
  return c >= UTF8PROC_CATEGORY_PC && c <= UTF8PROC_CATEGORY_PO;
}

bool is_word(char32_t value) {
  switch (category(value)) {
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    case UTF8PROC_CATEGORY_SO:
      // Other_Alphabetic among the symbols: circled and squared Latin letters.
      return (value >= 0x24b6 && value <= 0x24e9) || (value >= 0x1f130 && value <= 0x1f149) ||
             (value >= 0x1f150 && value <= 0x1f169) || (value >= 0x1f170 && value <= 0x1f189);
    default:
      return is_letter(value) || is_mark(value) || value == 0x200c || value == 0x200d;
  }
}

bool is_other(char32_t value) {
  const auto c = category(value);
  return c == UTF8PROC_CATEGORY_CN || (c >= UTF8PROC_CATEGORY_CC && c <= UTF8PROC_CATEGORY_CO);
}

}  // namespace everform::text
