// GPT-2's alphabet: each of the 256 bytes as one printable character, so that byte-level vocabularies are
// text files.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace everform::text {

/// The character of a byte: itself where Latin-1 prints it ("!".."~", "¡".."¬", "®".."ÿ"), else U+0100,
/// U+0101, ... in order.
char32_t byte_to_character(unsigned char byte);
/// The byte of a character, nothing where it is outside the alphabet.
std::optional<unsigned char> character_to_byte(char32_t character);

/// Bytes spelled in the alphabet.
std::string spell_bytes(std::string_view bytes);
/// The bytes of a spelled piece, nothing where one of its characters is outside the alphabet.
std::optional<std::string> unspell_bytes(std::string_view piece);

}  // namespace everform::text
