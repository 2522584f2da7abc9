// Lists of numbers in options: "0,0.5,1" and "0:1:11".
#pragma once

#include <string>
#include <vector>

namespace everform {

/// Numbers separated by commas, or FIRST:LAST:COUNT in equal steps (COUNT 2 to 1000). Throws Error{kUsage}
/// naming `where`.
std::vector<double> parse_number_list(const std::string& text, const std::string& where);

}  // namespace everform
