// The laws by which in-context problems are drawn: a hidden function, points, and their labels (arXiv
// 2310.03016).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/base/random.h"
#include "everform/domains/functions/labelled_sequence.h"

namespace everform::functions {

struct SequenceShape {
  int dimensions = 10;    ///< n, 1 to 64
  int points = 30;        ///< P, 1 to 100,000
  int drawn_labels = 10;  ///< S: how many labels the nearest-neighbour law draws before it copies
};

/// A law with everything but the random stream settled.
class TaskLaw {
 public:
  virtual ~TaskLaw() = default;
  /// A fresh function with fresh points: a pure function of the stream.
  virtual LabelledSequence draw(RandomStream& random) const = 0;
};

struct TaskInfo {
  std::string_view name;
  std::string_view help;
};

/// Every law, in the order in which they are documented. With w the hidden coordinates:
///   conjunction         w_j in {0,+1,-1} with (0.70, 0.15, 0.15), +1 when every literal holds; a point is
///   made positive with
///                       probability 0.30 by overwriting the literals' coordinates
///   disjunction         the same w, +1 when some literal holds; made negative with probability 0.30
///   mono-conjunction    w_j in {0,1} with (0.70, 0.30); made positive with probability 0.40
///   teach-conjunction   mono-conjunction whose first points are its teaching sequence
///   teach-signed        conjunction (made positive with 0.40) whose first points are its teaching sequence
///   mixed-conjunction   teach-conjunction or mono-conjunction, half and half
///   dnf, cnf            three clauses with (0.80, 0.10, 0.10); one random clause a sequence is satisfied
///   (dnf) or violated (cnf)
///                       with probability 0.35 a point
///   teach-dnf           dnf of un-negated clauses (0.80, 0.20) whose first points are their teaching
///   sequences sparse-disjunction  4 un-negated literals; made negative with probability 0.30 majority w_j in
///   {0,1} with (0.70, 0.30), sign(x.w - 0.5) sparse-threshold    w as in conjunction, threshold uniform in
///   {-3..2} + 0.5 halfspace           w_j uniform in {-3..3}, sign(x.w - 0.5) parity              parity of
///   a uniform subset of the coordinates sparse-parity       parity of 2 coordinates nearest-neighbour   S
///   random labels, later ones copied from the nearest earlier point (ties to the earliest); equal points
///                       share their label; only indices >= S are scored
const std::vector<TaskInfo>& task_laws();
std::vector<std::string> task_names();

/// Throws Error{kUsage} for an unknown name (with the nearest one) and for shapes that the law cannot fill.
/// Drawing throws it too where teaching sequences practically never fit into the points.
std::unique_ptr<TaskLaw> make_task_law(const std::string& name, const SequenceShape& shape);

}  // namespace everform::functions
