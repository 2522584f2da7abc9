// Weka's attribute-relation files (ARFF), dense ones.
#pragma once

#include <string>
#include <string_view>

#include "everform/core/io/csv.h"

namespace everform::functions {

/// The data section as a table whose header is the attributes' names. Numeric (numeric, integer, real) and
/// nominal attributes are read; string, date and relational ones, sparse rows and weights are refused. Throws
/// Error{kBadInput} at NAME:LINE:COLUMN.
/// @param name what the text is called in messages
CsvTable parse_arff(std::string_view text, const std::string& name);

}  // namespace everform::functions
