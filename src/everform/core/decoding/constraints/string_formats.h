// JSON Schema's "format" as regular expressions.
#pragma once

#include <string>
#include <string_view>

namespace everform::constraints {

/// The expression of a format, which matches only texts that have it (not all of them: years have four
/// digits and begin at 1000, host names are ASCII). nullptr for a name that is not known.
const char* format_regex(std::string_view name);

/// Names of the formats, for messages.
std::string known_formats();

}  // namespace everform::constraints
