#include "everform/core/decoding/utf8_assembler.h"

#include <cstddef>

#include "everform/core/base/utf8.h"

namespace everform {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Bytes from `at` that could begin a character, completed by some bytes to come; 0 where none could.
std::size_t begun_length(std::string_view text, std::size_t at) {
  for (std::size_t length = 3; length > 0; --length) {
    if (length > text.size() - at) {
      continue;
    }
    const std::string_view start = text.substr(at, length);
    // One of these continues every begun sequence, whatever its lead byte forbids in second place.
    for (const std::string_view rest : {"\x80\x80\x80", "\x90\x80\x80", "\xa0\x80\x80"}) {
      for (std::size_t more = 1; more <= 3; ++more) {
        if (utf8_sequence_length(std::string(start) + std::string(rest.substr(0, more)), 0) ==
            length + more) {
          return length;
        }
      }
    }
  }
  return 0;
}

}  // namespace

std::string Utf8Assembler::push(std::string_view bytes) {
  pending_ += bytes;
  std::string out;
  std::size_t at = 0;
  while (at < pending_.size()) {
    if (const std::size_t length = utf8_sequence_length(pending_, at); length > 0) {
      out.append(pending_, at, length);
      at += length;
      continue;
    }
    const std::size_t begun = begun_length(pending_, at);
    if (begun > 0 && at + begun == pending_.size()) {
      break;
    }
    out += kReplacement;
    at += begun > 0 ? begun : 1;
  }
  pending_.erase(0, at);
  return out;
}

std::string Utf8Assembler::flush() {
  const bool held = !pending_.empty();
  pending_.clear();
  return held ? std::string(kReplacement) : std::string();
}

}  // namespace everform
