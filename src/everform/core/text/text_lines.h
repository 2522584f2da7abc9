// The lines of a text file, without their ends.
#pragma once

#include <string_view>
#include <vector>

namespace everform::text {

/// Line ends are "\n" or "\r\n"; a last line without one counts, an empty one after the last end does not.
inline std::vector<std::string_view> split_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    lines.push_back(line);
  }
  return lines;
}

}  // namespace everform::text
