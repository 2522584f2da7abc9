// Grammars in GBNF, the notation of llama.cpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "everform/core/decoding/constraints/pattern.h"

namespace everform::constraints {

struct GrammarRule {
  std::string name;
  Pattern body;
};

/// Rules `name ::= alternatives`, of "literals", [classes], `.`, (groups), other rules' names and the
/// quantifiers * + ? {n} {n,} {n,m}; # begins a comment. A rule ends with its line, except in groups and
/// after ::= and |. References count the rules from 0, in the order of the answer.
/// Throws Error{kUsage} with line and column for what is malformed, a name without a rule, a rule that is
/// defined twice, no `root`, and nesting above 200.
std::vector<GrammarRule> parse_grammar(std::string_view text);

}  // namespace everform::constraints
