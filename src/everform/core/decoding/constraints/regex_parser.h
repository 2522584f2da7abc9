// Regular expressions, read strictly: what is not understood is refused with its place.
#pragma once

#include <string>
#include <string_view>

#include "everform/core/decoding/constraints/pattern.h"

namespace everform::constraints {

/// What a pattern is held against.
enum class RegexMatch {
  kWhole,   ///< the whole text; ^ and $ change nothing at its ends
  kSearch,  ///< anywhere in the text unless ^ or $ hold it, as JSON Schema's "pattern"
};

/// Alternation, groups ((...), (?:...), (?<name>...)), classes with ranges and negation, `.` (no line ends),
/// \d \w \s (\d and \w ASCII) and their negations, \p{L} and other general categories, quantifiers * + ? {n}
/// {n,} {n,m} (lazy ones hold the same texts), escapes \t \n \r \f \v \0 \xHH \uHHHH \u{H...} \cX. A text is
/// matched by its code points. ^ and $ may stand at the ends of the pattern or of an alternative of its
/// outermost choice.
/// Throws Error{kUsage} at `where` with the byte offset for look-around, backreferences, word boundaries,
/// flags, possessive quantifiers, and what is malformed; repetitions above 100000, and nesting above 200.
Pattern parse_regex(std::string_view text, RegexMatch match, const std::string& where);

}  // namespace everform::constraints
