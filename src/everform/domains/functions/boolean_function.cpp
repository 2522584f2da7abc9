#include "everform/domains/functions/boolean_function.h"

#include <algorithm>
#include <bit>

namespace everform::functions {

Point full_point(int dimensions) {
  return dimensions >= kMostDimensions ? ~Point{0} : (Point{1} << dimensions) - 1;
}

int hamming_distance(Point a, Point b) {
  return std::popcount(a ^ b);
}

int Literals::count() const {
  return std::popcount(positive) + std::popcount(negative);
}

bool dnf_holds(const Clauses& clauses, Point x) {
  return std::any_of(clauses.begin(), clauses.end(),
                     [x](const Literals& clause) { return clause.all_hold(x); });
}

bool cnf_holds(const Clauses& clauses, Point x) {
  return std::all_of(clauses.begin(), clauses.end(),
                     [x](const Literals& clause) { return clause.any_holds(x); });
}

bool Halfspace::holds(Point x) const {
  int sum = 0;
  for (std::size_t j = 0; j < weights.size(); ++j) {
    sum += ((x >> j) & 1U) != 0 ? weights[j] : -weights[j];
  }
  return sum > threshold;
}

bool parity_holds(Point subset, Point x) {
  return (std::popcount(subset & x) & 1) != 0;
}

}  // namespace everform::functions
