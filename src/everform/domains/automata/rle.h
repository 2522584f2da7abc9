// Run-length encoded patterns (.rle), the common format of Life programs.
#pragma once

#include <string>
#include <string_view>

#include "everform/domains/automata/pattern.h"

namespace everform {

/// Reads comments (#N gives the name), the header `x = W, y = H[, rule = R]` and runs of b (dead), o (alive)
/// and $ (end of row) up to !. Throws Error{kBadInput} at `where`:line:column.
Pattern read_rle(std::string_view text, const std::string& where);

/// Lines of at most 70 characters; trailing dead cells and rows are left out, as is usual.
std::string write_rle(const Pattern& pattern);

}  // namespace everform
