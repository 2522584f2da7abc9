// Lines of a text file with their numbers, and the error that points into one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace everform {

struct TextLine {
  std::size_t number = 1;
  std::string_view text;  ///< without its end (\n or \r\n)
};

/// All lines; an empty last one (after a final newline) is left out.
std::vector<TextLine> split_lines(std::string_view text);

/// Throws Error{kBadInput} with `where`:line:column (both from 1).
[[noreturn]] void fail_at(const std::string& where, std::size_t line, std::size_t column,
                          const std::string& message, const std::string& hint = "");

/// "'x'", with control bytes escaped.
std::string quoted_character(char c);

}  // namespace everform
