// Patterns drawn with characters: plaintext (.cells, with . and O) and rows of 0 and 1 (.txt).
#pragma once

#include <string>
#include <string_view>

#include "everform/domains/automata/pattern.h"

namespace everform {

/// Reads lines of '.' (dead) and 'O' (alive) behind comment lines with '!' ("!Name: N" gives the name). A row
/// may leave out its trailing dead cells, as many files do. Throws Error{kBadInput} at `where`:line:column.
Pattern read_plaintext(std::string_view text, const std::string& where);
std::string write_plaintext(const Pattern& pattern);

/// Reads rows of '0' and '1', all of one length; empty lines at the end are skipped. Throws Error{kBadInput}
/// at `where`:line:column for another character, a row of another length and a file without cells.
Pattern read_bit_rows(std::string_view text, const std::string& where);
std::string write_bit_rows(const Grid& grid);

}  // namespace everform
