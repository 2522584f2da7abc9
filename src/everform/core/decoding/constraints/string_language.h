// Strings that match a pattern, have a length and are none of some names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "everform/core/decoding/constraints/pattern.h"

namespace everform::constraints {

struct StringLanguage {
  Pattern pattern;
  std::uint32_t min_length = 0;  ///< in code points
  std::uint32_t max_length = Rule::kUnbounded;
  std::vector<std::string> excluded;
};

/// The strings of a language as inside a JSON string (Spelling::kJsonString), without the quotes. Built from
/// the product of the pattern's automaton, the length and the tree of the excluded strings; the graph's
/// limits bound it.
Fragment add_strings(RuleGraph& graph, const StringLanguage& language);

}  // namespace everform::constraints
