#include "everform/core/text/byte_alphabet.h"

#include <array>

#include "everform/core/text/code_points.h"

namespace everform::text {

namespace {

bool prints_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

constexpr char32_t kFirstStandIn = 0x100;
constexpr std::size_t kStandIns = 68;  ///< bytes that do not print themselves

struct Alphabet {
  std::array<char32_t, 256> character{};
  std::array<unsigned char, kStandIns> stand_in_byte{};
  std::array<std::string, 256> spelled;

  Alphabet() {
    char32_t next = kFirstStandIn;
    for (unsigned byte = 0; byte < 256; ++byte) {
      if (prints_itself(byte)) {
        character[byte] = byte;
      } else {
        stand_in_byte[next - kFirstStandIn] = static_cast<unsigned char>(byte);
        character[byte] = next++;
      }
      append_utf8(spelled[byte], character[byte]);
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet instance;
  return instance;
}

}  // namespace

char32_t byte_to_character(unsigned char byte) {
  return alphabet().character[byte];
}

std::optional<unsigned char> character_to_byte(char32_t character) {
  if (character < kFirstStandIn) {
    if (prints_itself(character)) {
      return static_cast<unsigned char>(character);
    }
    return std::nullopt;
  }
  if (character < kFirstStandIn + kStandIns) {
    return alphabet().stand_in_byte[character - kFirstStandIn];
  }
  return std::nullopt;
}

std::string spell_bytes(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 4);
  for (const char byte : bytes) {
    out += alphabet().spelled[static_cast<unsigned char>(byte)];
  }
  return out;
}

std::optional<std::string> unspell_bytes(std::string_view piece) {
  std::string out;
  out.reserve(piece.size());
  for (std::size_t at = 0; at < piece.size();) {
    const CodePoint point = code_point_at(piece, at);
    const auto byte = character_to_byte(point.value);
    if (!byte) {
      return std::nullopt;
    }
    out.push_back(static_cast<char>(*byte));
    at += point.length;
  }
  return out;
}

}  // namespace everform::text
