// Outer-totalistic rules: what becomes of a cell depends on itself and on how many of its eight neighbours
// live.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace everform {

/// Bit n of `birth`: a dead cell with n live neighbours comes alive; bit n of `survive`: a live one stays so.
/// Default: B3/S23, Life.
struct Rule {
  std::uint16_t birth = 1 << 3;
  std::uint16_t survive = 1 << 2 | 1 << 3;

  bool next(bool alive, int neighbours) const { return ((alive ? survive : birth) >> neighbours & 1) != 0; }
  bool operator==(const Rule&) const = default;
};

/// Reads "B3/S23" (either case) or the older "23/3" (survival first); a bounded-grid suffix such as ":T32,32"
/// is left out. Throws Error{kUsage} that names `where`, the column and what may stand there.
Rule parse_rule(std::string_view text, const std::string& where);

/// "B3/S23".
std::string rule_text(const Rule& rule);

}  // namespace everform
