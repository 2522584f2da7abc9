// A pattern: cells with a name and, where its file says so, a rule; and the classic ones.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "everform/domains/automata/grid.h"
#include "everform/domains/automata/rule.h"

namespace everform {

struct Pattern {
  Grid grid;
  std::string name;
  std::optional<Rule> rule;
};

/// block, blinker, toad, beacon, glider, lwss, r-pentomino, gosper-gun.
const std::vector<std::string>& built_in_pattern_names();

/// A built-in pattern in RLE. Throws Error{kUsage} with the nearest name for another.
std::string_view built_in_pattern_rle(const std::string& name);
Pattern built_in_pattern(const std::string& name);

}  // namespace everform
