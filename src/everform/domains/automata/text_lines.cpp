#include "everform/domains/automata/text_lines.h"

#include "everform/core/base/error.h"

namespace everform {

std::vector<TextLine> split_lines(std::string_view text) {
  std::vector<TextLine> lines;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    lines.push_back({number, line});
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

void fail_at(const std::string& where, std::size_t line, std::size_t column, const std::string& message,
             const std::string& hint) {
  throw Error(ErrorKind::kBadInput, where + ":" + std::to_string(line) + ":" + std::to_string(column),
              message, hint);
}

std::string quoted_character(char c) {
  return "'" + printable(std::string(1, c)) + "'";
}

}  // namespace everform
