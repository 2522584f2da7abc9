#include "everform/domains/functions/teaching_sequence.h"

namespace everform::functions {

namespace {

void append_flips(std::vector<Point>& points, Point base, Point literals) {
  for (Point left = literals; left != 0; left &= left - 1) {
    points.push_back(base ^ (left & (~left + 1)));
  }
}

}  // namespace

std::vector<Point> teach_monotone(const Literals& conjunction) {
  std::vector<Point> points = {conjunction.positive};
  append_flips(points, conjunction.positive, conjunction.positive);
  return points;
}

std::vector<Point> teach_signed(const Literals& conjunction, int dimensions) {
  const Point low = conjunction.positive;
  std::vector<Point> points = {low, full_point(dimensions) & ~conjunction.negative};
  append_flips(points, low, conjunction.positive);
  append_flips(points, low, conjunction.negative);
  return points;
}

std::vector<Point> teach_monotone_dnf(const Clauses& clauses) {
  std::vector<Point> points;
  for (const Literals& clause : clauses) {
    const std::vector<Point> part = teach_monotone(clause);
    points.insert(points.end(), part.begin(), part.end());
  }
  return points;
}

}  // namespace everform::functions
