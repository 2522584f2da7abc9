#include "everform/domains/functions/task_law.h"

#include <algorithm>
#include <functional>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"
#include "everform/domains/functions/teaching_sequence.h"

namespace everform::functions {

namespace {

constexpr int kMostPoints = 100'000;
constexpr int kSparseLiterals = 4;
constexpr int kSparseParityBits = 2;

Point random_point(RandomStream& random, int n) {
  return random.next_u64() & full_point(n);
}

/// Each coordinate is in with probability p + q: un-negated with p, negated with q.
Literals random_literals(RandomStream& random, int n, double p, double q) {
  Literals literals;
  for (int j = 0; j < n; ++j) {
    const double draw = random.uniform();
    literals.positive |= draw < p ? Point{1} << j : Point{0};
    literals.negative |= draw >= p && draw < p + q ? Point{1} << j : Point{0};
  }
  return literals;
}

/// `count` different coordinates, every choice equally likely.
Point random_subset(RandomStream& random, int n, int count) {
  Point subset = 0;
  for (int chosen = 0; chosen < count;) {
    const Point bit = Point{1} << random.below(static_cast<std::uint64_t>(n));
    chosen += (subset & bit) == 0 ? 1 : 0;
    subset |= bit;
  }
  return subset;
}

enum class Forcing { kNone, kPositive, kNegative };

/// Uniform points; with `probability` each the literals are made to hold (kPositive) or to fail (kNegative).
std::vector<Point> random_points(RandomStream& random, const SequenceShape& shape,
                                 Forcing forcing = Forcing::kNone, const Literals& literals = {},
                                 double probability = 0.0) {
  std::vector<Point> points(static_cast<std::size_t>(shape.points));
  for (Point& x : points) {
    x = random_point(random, shape.dimensions);
    if (forcing != Forcing::kNone && random.bernoulli(probability)) {
      x = forcing == Forcing::kPositive ? literals.satisfied(x) : literals.violated(x);
    }
  }
  return points;
}

template <typename Function>
LabelledSequence labelled(const SequenceShape& shape, std::vector<Point> points, const Function& holds) {
  LabelledSequence sequence{.dimensions = shape.dimensions, .points = std::move(points)};
  sequence.labels.reserve(sequence.points.size());
  for (const Point x : sequence.points) {
    sequence.labels.push_back(holds(x) ? std::int8_t{1} : std::int8_t{-1});
  }
  return sequence;
}

LabelledSequence draw_conjunction(RandomStream& random, const SequenceShape& shape) {
  const Literals w = random_literals(random, shape.dimensions, 0.15, 0.15);
  return labelled(shape, random_points(random, shape, Forcing::kPositive, w, 0.30),
                  [&](Point x) { return w.all_hold(x); });
}

LabelledSequence draw_disjunction_of(RandomStream& random, const SequenceShape& shape, const Literals& w) {
  return labelled(shape, random_points(random, shape, Forcing::kNegative, w, 0.30),
                  [&](Point x) { return w.any_holds(x); });
}

LabelledSequence draw_disjunction(RandomStream& random, const SequenceShape& shape) {
  return draw_disjunction_of(random, shape, random_literals(random, shape.dimensions, 0.15, 0.15));
}

LabelledSequence draw_sparse_disjunction(RandomStream& random, const SequenceShape& shape) {
  return draw_disjunction_of(random, shape,
                             {.positive = random_subset(random, shape.dimensions, kSparseLiterals)});
}

LabelledSequence draw_monotone(RandomStream& random, const SequenceShape& shape) {
  const Literals w = random_literals(random, shape.dimensions, 0.30, 0.0);
  return labelled(shape, random_points(random, shape, Forcing::kPositive, w, 0.40),
                  [&](Point x) { return w.all_hold(x); });
}

/// Draws functions until their teaching sequence fits. @param make draws a function and gives its teaching
/// sequence
std::vector<Point> fitting_lesson(const SequenceShape& shape,
                                  const std::function<std::vector<Point>()>& make) {
  constexpr int kTries = 10'000;
  for (int i = 0; i < kTries; ++i) {
    std::vector<Point> lesson = make();
    if (lesson.size() <= static_cast<std::size_t>(shape.points)) {
      return lesson;
    }
  }
  throw Error(ErrorKind::kUsage, "drawing a teaching sequence",
              "sequences for " + std::to_string(shape.dimensions) + " dimensions do not fit into " +
                  std::to_string(shape.points) + " points",
              "give more --points or fewer dimensions (--n)");
}

std::vector<Point> begin_with(const std::vector<Point>& lesson, std::vector<Point> points) {
  std::copy(lesson.begin(), lesson.end(), points.begin());
  return points;
}

LabelledSequence draw_taught(RandomStream& random, const SequenceShape& shape, bool negations) {
  Literals w;
  const std::vector<Point> lesson = fitting_lesson(shape, [&] {
    w = negations ? random_literals(random, shape.dimensions, 0.15, 0.15)
                  : random_literals(random, shape.dimensions, 0.30, 0.0);
    return negations ? teach_signed(w, shape.dimensions) : teach_monotone(w);
  });
  LabelledSequence sequence =
      labelled(shape, begin_with(lesson, random_points(random, shape, Forcing::kPositive, w, 0.40)),
               [&](Point x) { return w.all_hold(x); });
  sequence.taught = static_cast<int>(lesson.size());
  return sequence;
}

LabelledSequence draw_mixed(RandomStream& random, const SequenceShape& shape) {
  return random.bernoulli(0.5) ? draw_taught(random, shape, false) : draw_monotone(random, shape);
}

LabelledSequence draw_clauses(RandomStream& random, const SequenceShape& shape, Forcing forcing) {
  Clauses clauses;
  for (Literals& clause : clauses) {
    clause = random_literals(random, shape.dimensions, 0.10, 0.10);
  }
  const Literals& chosen = clauses[random.below(clauses.size())];
  const bool dnf = forcing == Forcing::kPositive;
  return labelled(shape, random_points(random, shape, forcing, chosen, 0.35),
                  [&](Point x) { return dnf ? dnf_holds(clauses, x) : cnf_holds(clauses, x); });
}

LabelledSequence draw_taught_dnf(RandomStream& random, const SequenceShape& shape) {
  Clauses clauses;
  const std::vector<Point> lesson = fitting_lesson(shape, [&] {
    for (Literals& clause : clauses) {
      clause = random_literals(random, shape.dimensions, 0.20, 0.0);
    }
    return teach_monotone_dnf(clauses);
  });
  const Literals& chosen = clauses[random.below(clauses.size())];
  LabelledSequence sequence =
      labelled(shape, begin_with(lesson, random_points(random, shape, Forcing::kPositive, chosen, 0.35)),
               [&](Point x) { return dnf_holds(clauses, x); });
  sequence.taught = static_cast<int>(lesson.size());
  return sequence;
}

LabelledSequence draw_halfspace(RandomStream& random, const SequenceShape& shape,
                                const Halfspace& halfspace) {
  return labelled(shape, random_points(random, shape), [&](Point x) { return halfspace.holds(x); });
}

LabelledSequence draw_majority(RandomStream& random, const SequenceShape& shape) {
  Halfspace halfspace;
  for (int j = 0; j < shape.dimensions; ++j) {
    halfspace.weights.push_back(random.bernoulli(0.30) ? 1 : 0);
  }
  return draw_halfspace(random, shape, halfspace);
}

LabelledSequence draw_sparse_threshold(RandomStream& random, const SequenceShape& shape) {
  constexpr int kBound = 3;
  const Literals w = random_literals(random, shape.dimensions, 0.15, 0.15);
  Halfspace halfspace;
  for (int j = 0; j < shape.dimensions; ++j) {
    halfspace.weights.push_back(static_cast<int>((w.positive >> j) & 1U) -
                                static_cast<int>((w.negative >> j) & 1U));
  }
  halfspace.threshold = static_cast<double>(random.below(2 * kBound)) - kBound + 0.5;
  return draw_halfspace(random, shape, halfspace);
}

LabelledSequence draw_integer_halfspace(RandomStream& random, const SequenceShape& shape) {
  constexpr int kBound = 3;
  Halfspace halfspace;
  for (int j = 0; j < shape.dimensions; ++j) {
    halfspace.weights.push_back(static_cast<int>(random.below(2 * kBound + 1)) - kBound);
  }
  return draw_halfspace(random, shape, halfspace);
}

LabelledSequence draw_parity_of(RandomStream& random, const SequenceShape& shape, Point subset) {
  return labelled(shape, random_points(random, shape), [subset](Point x) { return parity_holds(subset, x); });
}

LabelledSequence draw_nearest_neighbour(RandomStream& random, const SequenceShape& shape) {
  LabelledSequence sequence =
      labelled(shape, random_points(random, shape), [&](Point) { return random.bernoulli(0.5); });
  sequence.scored_from = shape.drawn_labels;
  for (int i = 1; i < shape.points; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const auto nearest = static_cast<std::size_t>(nearest_earlier(sequence.points, i));
    if (i >= shape.drawn_labels || sequence.points[nearest] == sequence.points[at]) {
      sequence.labels[at] = sequence.labels[nearest];
    }
  }
  return sequence;
}

using Draw = LabelledSequence (*)(RandomStream&, const SequenceShape&);

struct Law {
  TaskInfo info;
  Draw draw;
  int least_dimensions = 1;
  int least_points = 1;
};

const std::vector<Law>& laws() {
  static const std::vector<Law> table = {
      {{"conjunction", "all of a few literals hold"}, draw_conjunction},
      {{"disjunction", "one of a few literals holds"}, draw_disjunction},
      {{"mono-conjunction", "all of a few un-negated literals hold"}, draw_monotone},
      {{"teach-conjunction", "mono-conjunction that begins with its teaching sequence"},
       [](RandomStream& random, const SequenceShape& shape) { return draw_taught(random, shape, false); }},
      {{"teach-signed", "conjunction that begins with its teaching sequence"},
       [](RandomStream& random, const SequenceShape& shape) { return draw_taught(random, shape, true); },
       1,
       2},
      {{"mixed-conjunction", "mono-conjunction, half of them with a teaching sequence"}, draw_mixed},
      {{"dnf", "one of three conjunctions holds"},
       [](RandomStream& random, const SequenceShape& shape) {
         return draw_clauses(random, shape, Forcing::kPositive);
       }},
      {{"teach-dnf", "un-negated dnf that begins with its clauses' teaching sequences"},
       draw_taught_dnf,
       1,
       3},
      {{"cnf", "three disjunctions all hold"},
       [](RandomStream& random, const SequenceShape& shape) {
         return draw_clauses(random, shape, Forcing::kNegative);
       }},
      {{"sparse-disjunction", "one of 4 un-negated literals holds"},
       draw_sparse_disjunction,
       kSparseLiterals},
      {{"majority", "more of the chosen coordinates are +1 than -1"}, draw_majority},
      {{"sparse-threshold", "a few signed coordinates sum to more than a threshold"}, draw_sparse_threshold},
      {{"halfspace", "integer weights from -3 to 3 sum to more than 0"}, draw_integer_halfspace},
      {{"parity", "parity of a subset of the coordinates"},
       [](RandomStream& random, const SequenceShape& shape) {
         return draw_parity_of(random, shape, random_point(random, shape.dimensions));
       }},
      {{"sparse-parity", "parity of 2 coordinates"},
       [](RandomStream& random, const SequenceShape& shape) {
         return draw_parity_of(random, shape, random_subset(random, shape.dimensions, kSparseParityBits));
       },
       kSparseParityBits},
      {{"nearest-neighbour", "labels copied from the nearest earlier point"}, draw_nearest_neighbour},
  };
  return table;
}

class TabledLaw final : public TaskLaw {
 public:
  TabledLaw(const Law& law, SequenceShape shape) : law_(law), shape_(shape) {}
  LabelledSequence draw(RandomStream& random) const override { return law_.draw(random, shape_); }

 private:
  const Law& law_;
  SequenceShape shape_;
};

void need(const std::string& task, const char* what, int value, int least, int most) {
  if (value < least || value > most) {
    throw Error(ErrorKind::kUsage, "drawing the task " + task,
                std::to_string(value) + " " + what + " is not in " + std::to_string(least) + " to " +
                    std::to_string(most));
  }
}

}  // namespace

const std::vector<TaskInfo>& task_laws() {
  static const std::vector<TaskInfo> infos = [] {
    std::vector<TaskInfo> list;
    for (const Law& law : laws()) {
      list.push_back(law.info);
    }
    return list;
  }();
  return infos;
}

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const Law& law : laws()) {
    names.emplace_back(law.info.name);
  }
  return names;
}

std::unique_ptr<TaskLaw> make_task_law(const std::string& name, const SequenceShape& shape) {
  const auto found =
      std::find_if(laws().begin(), laws().end(), [&](const Law& law) { return law.info.name == name; });
  if (found == laws().end()) {
    throw Error(ErrorKind::kUsage, "choosing a task", "there is no task " + printable(name),
                suggestion(name, task_names()));
  }
  need(name, "dimensions", shape.dimensions, found->least_dimensions, kMostDimensions);
  need(name, "points", shape.points, found->least_points, kMostPoints);
  if (name == "nearest-neighbour") {
    need(name, "drawn labels", shape.drawn_labels, 1, shape.points - 1);
  }
  return std::make_unique<TabledLaw>(*found, shape);
}

}  // namespace everform::functions
