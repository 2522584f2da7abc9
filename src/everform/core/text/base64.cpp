#include "everform/core/text/base64.h"

#include <cstdint>

namespace everform::text {

namespace {

int digit_of(char c) {
  if (c >= 'A' && c <= 'Z') {
    return c - 'A';
  }
  if (c >= 'a' && c <= 'z') {
    return c - 'a' + 26;
  }
  if (c >= '0' && c <= '9') {
    return c - '0' + 52;
  }
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return std::nullopt;
  }
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const int padding = !last || text[i + 3] != '=' ? 0 : text[i + 2] == '=' ? 2 : 1;
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const int digit = static_cast<int>(j) >= 4 - padding ? 0 : digit_of(text[i + j]);
      if (digit < 0) {
        return std::nullopt;
      }
      bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    }
    for (int byte = 0; byte < 3 - padding; ++byte) {
      out.push_back(static_cast<char>((bits >> (16 - 8 * byte)) & 0xff));
    }
  }
  return out;
}

}  // namespace everform::text
