// Teaching sequences: examples that leave exactly one function of a class (Goldman and Kearns, J. Comput.
// Syst. Sci. 1995).
#pragma once

#include <vector>

#include "everform/domains/functions/boolean_function.h"

namespace everform::functions {

/// For a conjunction of un-negated literals, m + 1 points: +1 exactly on the m literals (positive), then that
/// point with each literal flipped in turn (negative).
std::vector<Point> teach_monotone(const Literals& conjunction);

/// For any conjunction, m + 2 points: two positives that agree on the literals and are -1, then +1,
/// everywhere else, then the first of them with each literal flipped in turn (negative).
std::vector<Point> teach_signed(const Literals& conjunction, int dimensions);

/// For a DNF of un-negated literals: the monotone sequence of each clause in turn.
std::vector<Point> teach_monotone_dnf(const Clauses& clauses);

}  // namespace everform::functions
