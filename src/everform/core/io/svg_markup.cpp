#include "everform/core/io/svg_markup.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "everform/core/base/utf8.h"

namespace everform {

namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";

const char* entity(char c) {
  switch (c) {
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '&':
      return "&amp;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return nullptr;
  }
}

bool allowed_in_xml(char32_t c) {
  const bool control = c < 0x20 && c != '\t' && c != '\n';
  return !control && c != 0x7F && c != 0xFFFE && c != 0xFFFF;
}

}  // namespace

std::string svg_escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence_length(text, at);
    if (length == 0) {
      out += kReplacement;
      ++at;
      continue;
    }
    if (!allowed_in_xml(decode_utf8(text, at, length))) {
      out += kReplacement;
    } else if (const char* name = length == 1 ? entity(text[at]) : nullptr) {
      out += name;
    } else {
      out += text.substr(at, length);
    }
    at += length;
  }
  return out;
}

std::string svg_number(double value, int decimals) {
  constexpr double kLargest = 1e7;  // far outside every picture, and short to write
  constexpr int kMostDecimals = 12;
  if (std::isnan(value)) {
    value = 0.0;
  }
  value = std::clamp(value, -kLargest, kLargest);
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed,
                                 std::clamp(decimals, 0, kMostDecimals));
  std::string text(buffer, end.ptr);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') {
      text.pop_back();
    }
  }
  return text == "-0" ? "0" : text;
}

double svg_text_width(std::string_view text, double font_size) {
  constexpr double kNarrow = 0.30;
  constexpr double kWide = 0.62;
  constexpr double kUsual = 0.56;
  double width = 0.0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0U) == 0x80U) {
      continue;  // the rest of a UTF-8 sequence
    }
    const bool narrow = std::string_view("iIjl.,:;|'!()[] ").find(c) != std::string_view::npos;
    const bool wide =
        static_cast<unsigned char>(c) >= 0x80U || (c >= 'A' && c <= 'Z') || c == 'm' || c == 'w';
    width += narrow ? kNarrow : (wide ? kWide : kUsual);
  }
  return width * font_size;
}

}  // namespace everform
