// Plain learning algorithms that see labelled points one at a time: what an in-context learner is measured
// against.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "everform/domains/functions/labelled_sequence.h"

namespace everform::functions {

class Learner {
 public:
  virtual ~Learner() = default;
  /// +1, -1, or 0 where it has no answer (which counts as wrong).
  virtual int predict(Point x) const = 0;
  /// Sees the label (+1 or -1) of a point.
  virtual void observe(Point x, int label) = 0;
};

/// "null", "nn1", "nn3", "averaging", "elimination", "gf2".
const std::vector<std::string>& learner_names();

/// A learner that has seen nothing:
///   null         always -1
///   nn1          the label of the nearest point seen, in Hamming distance, ties to the earliest; 0 before
///   any nn3          the majority of the three nearest; of two that disagree the nearer one's averaging sign
///   of x.(mean of y_i x_i); 0 on a tie elimination  conjunctions: of all 2n literals those are left that no
///   positive violates; +1 where all of them hold gf2          parities: the label of a point in the span of
///   those seen, by Gaussian elimination over GF(2); -1 outside of it
/// Throws Error{kUsage} for an unknown name.
std::unique_ptr<Learner> make_learner(const std::string& name, int dimensions);

/// For each index whether the learner's prediction from all earlier points is right.
std::vector<bool> run_learner(const std::string& name, const LabelledSequence& sequence);

/// Rank over GF(2) of the points seen, as bit vectors; tells from where on a parity is determined.
class PointSpan {
 public:
  /// Reduces x by the rows; the label of the combination is added to `label`. @return what is left of x, 0
  /// inside the span
  Point reduce(Point x, bool& label) const;
  /// Takes the point in; nothing changes where it lies in the span.
  void add(Point x, bool label);
  int rank() const { return static_cast<int>(rows_.size()); }

 private:
  struct Row {
    Point bits;
    bool label;
  };
  std::vector<Row> rows_;  ///< each with a highest bit that no other row has
};

}  // namespace everform::functions
