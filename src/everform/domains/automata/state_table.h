// Tables of states (.csv) as the official LifeGPT repository keeps them: columns `State 1` to `State n`, a
// run of the automaton a row.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "everform/domains/automata/grid.h"

namespace everform {

/// Runs of an automaton: each the states of one start in the order of the columns.
struct StateTable {
  std::vector<std::vector<Grid>> runs;
};

/// Reads a header `[GridSize,]State 1,...,State n` and rows of states as '0' and '1' in reading order. A
/// state is square: its side is GridSize where that column is there (the rest of the state is then filled up
/// with 'p'), else the root of its length. Throws Error{kBadInput} at `where`:line:column.
StateTable read_state_table(std::string_view text, const std::string& where);

/// Columns `GridSize` and `State i`; a grid must be square. Throws Error{kUsage} where one is not, or runs
/// differ in length.
std::string write_state_table(const StateTable& table);

}  // namespace everform
