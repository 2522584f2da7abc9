#include "everform/core/base/error.h"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <utility>

#include "everform/core/base/utf8.h"

namespace everform {

const char* kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kFailed:
      return "failed";
    case ErrorKind::kUsage:
      return "usage";
    case ErrorKind::kBadInput:
      return "bad_input";
    case ErrorKind::kMissing:
      return "missing";
    case ErrorKind::kInterrupted:
      return "interrupted";
  }
  return "failed";
}

Error::Error(ErrorKind kind, std::string where, std::string message, std::string hint)
    : kind_(kind),
      where_(printable(where, 400)),
      message_(printable(message, 1000)),
      hint_(printable(hint, 600)) {
  text_ = where_ + ":\n  " + message_;
  if (!hint_.empty()) {
    text_ += "\n  " + hint_;
  }
}

nlohmann::json Error::to_json() const {
  return {{"error", {{"kind", kind_name(kind_)}, {"where", where_}, {"message", message_}, {"hint", hint_}}}};
}

std::string printable(const std::string& text, std::size_t limit) {
  std::string out;
  std::size_t i = 0;
  while (i < text.size()) {
    if (out.size() >= limit) {
      return out + "...";
    }
    const std::size_t length = utf8_sequence_length(text, i);
    const auto byte = static_cast<unsigned char>(text[i]);
    if (length == 0 || byte < 0x20 || byte == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      out += escaped;
      ++i;
    } else {
      out.append(text, i, length);
      i += length;
    }
  }
  return out;
}

}  // namespace everform
