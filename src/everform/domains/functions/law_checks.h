// Checks that the task laws are what they are said to be, by brute force over small cubes and by counting.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "everform/core/base/check_count.h"

namespace everform::functions {

/// For every conjunction of un-negated literals: of all 2^n such, exactly one is consistent with its labelled
/// teaching sequence.
CheckCount check_monotone_teaching(int dimensions);
/// For every conjunction: of all 3^n exactly one is consistent with its labelled teaching sequence.
CheckCount check_signed_teaching(int dimensions);
/// For every set of literals and every point: overwritten to satisfy it is a positive of the conjunction and
/// of a DNF with that clause, overwritten to violate it is a negative of the disjunction and of a CNF with
/// that clause.
CheckCount check_forced_points(int dimensions);

/// Tables with a label or a coordinate that is not 0 or 1, ragged rows, too few rows or no coordinates, as
/// CSV and as ARFF: each is refused as bad input, and where a row is to blame its line is named.
CheckCount check_bad_tables();

/// The share of positive labels of one law, as stated and as drawn.
struct ShareCheck {
  std::string law;
  double stated = 0.0;
  double drawn = 0.0;
  double sigmas = 0.0;  ///< distance in standard deviations of the count
};

/// One point each of `draws` fresh sequences, for every law whose first point is not a lesson. @param seed of
/// the draws
std::vector<ShareCheck> check_positive_shares(int dimensions, std::size_t draws, std::uint64_t seed);

/// The share of positives that a law states, by its name; for laws without a teaching sequence.
double stated_positive_share(const std::string& law, int dimensions);

}  // namespace everform::functions
