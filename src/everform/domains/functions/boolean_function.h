// Boolean functions of up to 64 coordinates, on points that are bit masks.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace everform::functions {

/// A point of {-1,+1}^n: bit j is set where coordinate j is +1. Bits from n on are 0.
using Point = std::uint64_t;

inline constexpr int kMostDimensions = 64;

/// All n coordinates +1.
Point full_point(int dimensions);
/// Number of coordinates in which two points differ.
int hamming_distance(Point a, Point b);

/// A set of literals over disjoint coordinates: +x_j for the bits of `positive`, -x_j for those of
/// `negative`.
struct Literals {
  Point positive = 0;
  Point negative = 0;

  int count() const;
  /// Whether every literal holds; true for none.
  bool all_hold(Point x) const { return (x & positive) == positive && (x & negative) == 0; }
  /// Whether at least one literal holds; false for none.
  bool any_holds(Point x) const { return ((x & positive) | (~x & negative)) != 0; }
  /// x with the literals' coordinates overwritten so that every literal holds.
  Point satisfied(Point x) const { return (x | positive) & ~negative; }
  /// x with the literals' coordinates overwritten so that no literal holds.
  Point violated(Point x) const { return (x & ~positive) | negative; }
  bool operator==(const Literals&) const = default;
};

/// Clauses of a 3-term DNF (any clause's literals all hold) or a 3-clause CNF (every clause has a literal
/// that holds).
using Clauses = std::array<Literals, 3>;
bool dnf_holds(const Clauses& clauses, Point x);
bool cnf_holds(const Clauses& clauses, Point x);

/// sign(w.x - threshold) with integer weights and a threshold between integers, so that there are no ties.
struct Halfspace {
  std::vector<int> weights;
  double threshold = 0.5;

  bool holds(Point x) const;
};

/// Parity of the coordinates in `subset` that are +1: true for an odd number.
bool parity_holds(Point subset, Point x);

}  // namespace everform::functions
