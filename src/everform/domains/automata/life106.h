// Life 1.06 (.lif, .life): the coordinates of the live cells.
#pragma once

#include <string>
#include <string_view>

#include "everform/domains/automata/pattern.h"

namespace everform {

/// Reads "#Life 1.06" and then a line "x y" for each live cell; the grid is their bounding box. Further lines
/// with # are comments. Throws Error{kBadInput} at `where`:line:column; a file without a live cell has no box
/// and is refused.
Pattern read_life106(std::string_view text, const std::string& where);

/// Cells from the top left, row by row. Dead borders are lost, as the format has no size.
std::string write_life106(const Grid& grid);

}  // namespace everform
