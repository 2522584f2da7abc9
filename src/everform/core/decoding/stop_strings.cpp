#include "everform/core/decoding/stop_strings.h"

#include <algorithm>
#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/base/utf8.h"

namespace everform {

StopStrings::Pattern::Pattern(std::string stop) : text(std::move(stop)), fallback(text.size() + 1, 0) {
  std::size_t length = 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    while (length > 0 && text[i] != text[length]) {
      length = fallback[length];
    }
    length += text[i] == text[length] ? 1 : 0;
    fallback[i + 1] = length;
  }
}

void StopStrings::Pattern::advance(char byte) {
  while (matched > 0 && text[matched] != byte) {
    matched = fallback[matched];
  }
  matched += text[matched] == byte ? 1 : 0;
}

StopStrings::StopStrings(const std::vector<std::string>& stops) {
  for (const std::string& stop : stops) {
    if (stop.empty()) {
      throw Error(ErrorKind::kUsage, "reading --stop", "a stop string is empty",
                  "give at least one character");
    }
    if (find_invalid_utf8(stop) != std::string_view::npos) {
      throw Error(ErrorKind::kUsage, "reading --stop", "a stop string is not valid UTF-8: " + stop);
    }
    patterns_.emplace_back(stop);
  }
}

std::string StopStrings::push(std::string_view text) {
  for (const char byte : text) {
    if (stopped_) {
      break;
    }
    pending_ += byte;
    std::size_t complete = 0;
    for (Pattern& pattern : patterns_) {
      pattern.advance(byte);
      if (pattern.matched == pattern.text.size()) {
        complete = std::max(complete, pattern.matched);
      }
    }
    if (complete > 0) {
      stopped_ = true;
      pending_.resize(pending_.size() - complete);
    }
  }
  std::size_t held = 0;
  for (const Pattern& pattern : patterns_) {
    held = stopped_ ? 0 : std::max(held, pattern.matched);
  }
  std::string shown = pending_.substr(0, pending_.size() - held);
  pending_.erase(0, shown.size());
  return shown;
}

std::string StopStrings::flush() {
  return std::exchange(pending_, {});
}

}  // namespace everform
