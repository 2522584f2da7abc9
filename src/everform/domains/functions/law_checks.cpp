#include "everform/domains/functions/law_checks.h"

#include <cmath>
#include <map>

#include "everform/core/base/error.h"
#include "everform/domains/functions/boolean_table.h"
#include "everform/domains/functions/task_law.h"
#include "everform/domains/functions/teaching_sequence.h"

namespace everform::functions {

namespace {

/// All 3^n sets of literals.
std::vector<Literals> all_literals(int dimensions) {
  std::vector<Literals> sets;
  const Point cube = Point{1} << dimensions;
  for (Point positive = 0; positive < cube; ++positive) {
    for (Point negative = 0; negative < cube; ++negative) {
      if ((positive & negative) == 0) {
        sets.push_back({positive, negative});
      }
    }
  }
  return sets;
}

std::vector<Literals> all_monotone(int dimensions) {
  std::vector<Literals> sets;
  for (Point positive = 0; positive < Point{1} << dimensions; ++positive) {
    sets.push_back({positive, 0});
  }
  return sets;
}

/// How many conjunctions of the class agree with `target` on all points.
std::size_t consistent(const std::vector<Literals>& classes, const Literals& target,
                       const std::vector<Point>& points) {
  std::size_t count = 0;
  for (const Literals& candidate : classes) {
    bool agrees = true;
    for (const Point x : points) {
      agrees = agrees && candidate.all_hold(x) == target.all_hold(x);
    }
    count += agrees ? 1 : 0;
  }
  return count;
}

/// Chance that a sum of independent steps exceeds a threshold. @param step chance of each step's value
double chance_above(const std::map<int, double>& step, int steps, double threshold) {
  std::map<int, double> sum = {{0, 1.0}};
  for (int i = 0; i < steps; ++i) {
    std::map<int, double> next;
    for (const auto& [value, chance] : sum) {
      for (const auto& [add, probability] : step) {
        next[value + add] += chance * probability;
      }
    }
    sum = std::move(next);
  }
  double above = 0.0;
  for (const auto& [value, chance] : sum) {
    above += value > threshold ? chance : 0.0;
  }
  return above;
}

double halfspace_share(const std::string& law, int n) {
  if (law == "halfspace") {
    std::map<int, double> step;
    for (int weight = -3; weight <= 3; ++weight) {
      step[weight] = 1.0 / 7.0;
    }
    return chance_above(step, n, 0.5);
  }
  const std::map<int, double> step = {{-1, 0.15}, {0, 0.70}, {1, 0.15}};
  if (law == "majority") {
    return chance_above(step, n, 0.5);
  }
  double share = 0.0;
  for (int threshold = -3; threshold <= 2; ++threshold) {
    share += chance_above(step, n, threshold + 0.5) / 6.0;
  }
  return share;
}

}  // namespace

CheckCount check_monotone_teaching(int dimensions) {
  CheckCount count;
  const std::vector<Literals> classes = all_monotone(dimensions);
  for (const Literals& target : classes) {
    ++count.run;
    count.passed += consistent(classes, target, teach_monotone(target)) == 1 ? 1 : 0;
  }
  return count;
}

CheckCount check_signed_teaching(int dimensions) {
  CheckCount count;
  const std::vector<Literals> classes = all_literals(dimensions);
  for (const Literals& target : classes) {
    ++count.run;
    count.passed += consistent(classes, target, teach_signed(target, dimensions)) == 1 ? 1 : 0;
  }
  return count;
}

CheckCount check_forced_points(int dimensions) {
  CheckCount count;
  for (const Literals& literals : all_literals(dimensions)) {
    // The other clauses make it hardest: none of a DNF's holds, all of a CNF's hold, where the literals allow
    // it.
    const Literals other{.positive = literals.negative, .negative = literals.positive};
    for (Point x = 0; x < Point{1} << dimensions; ++x) {
      const Point satisfied = literals.satisfied(x);
      const Point violated = literals.violated(x);
      count.run += 4;
      count.passed += literals.all_hold(satisfied) ? 1 : 0;
      count.passed += dnf_holds({other, literals, other}, satisfied) ? 1 : 0;
      count.passed += literals.any_holds(violated) ? 0 : 1;
      count.passed += cnf_holds({other, literals, other}, violated) ? 0 : 1;
    }
  }
  return count;
}

CheckCount check_bad_tables() {
  const std::string head = "@relation r\n@attribute a {0,1}\n@attribute label {0,1}\n@data\n";
  struct Case {
    const char* name;
    std::string text;
    const char* place;
  };
  const std::vector<Case> cases = {{"t.csv", "a,label\n1,0\n1,2\n", "t.csv:3:3"},
                                   {"t.csv", "a,label\n1,0\n1,no\n", "t.csv:3:3"},
                                   {"t.csv", "a,label\n1,0\n-1,1\n", "t.csv:3:1"},
                                   {"t.csv", "a,label\n1,0\n1\n", "t.csv:3"},
                                   {"t.csv", "a,label\n1,0\n1,0,1\n", "t.csv:3"},
                                   {"t.csv", "a,label\n1,0\n", "t.csv"},
                                   {"t.csv", "label\n1\n0\n", "t.csv"},
                                   {"t.csv", "", "t.csv"},
                                   {"t.arff", head + "1,0\n1,2\n", "t.arff:6:3"},
                                   {"t.arff", head + "1,0\n1\n", "t.arff:6"},
                                   {"t.arff", head + "1,0\n1,0,1\n", "t.arff:6"},
                                   {"t.arff", head, "t.arff"}};
  CheckCount count;
  for (const Case& bad : cases) {
    ++count.run;
    try {
      parse_sequences(bad.text, bad.name, 2);
    } catch (const Error& error) {
      const bool named = error.where().find(bad.place) != std::string::npos;
      count.passed += error.kind() == ErrorKind::kBadInput && named ? 1 : 0;
    }
  }
  return count;
}

double stated_positive_share(const std::string& law, int n) {
  const double none_of_30 =
      std::pow(0.85, n);  // chance that a random point satisfies literals drawn with 0.30
  const double none_of_20 = std::pow(0.90, n);
  if (law == "conjunction") {
    return 0.30 + 0.70 * none_of_30;
  }
  if (law == "mono-conjunction") {
    return 0.40 + 0.60 * none_of_30;
  }
  if (law == "disjunction") {
    return 0.70 * (1 - none_of_30);
  }
  if (law == "dnf") {
    return 0.35 + 0.65 * (1 - std::pow(1 - none_of_20, 3));
  }
  if (law == "cnf") {
    return 0.65 * std::pow(1 - none_of_20, 3);
  }
  if (law == "sparse-disjunction") {
    return 0.70 * (1 - std::pow(0.5, 4));
  }
  if (law == "parity") {
    return (1 - std::pow(0.5, n)) / 2;
  }
  if (law == "sparse-parity" || law == "nearest-neighbour") {
    return 0.5;
  }
  if (law == "majority" || law == "sparse-threshold" || law == "halfspace") {
    return halfspace_share(law, n);
  }
  throw Error(ErrorKind::kUsage, "looking up the share of positives",
              "the law " + printable(law) + " states none");
}

std::vector<ShareCheck> check_positive_shares(int dimensions, std::size_t draws, std::uint64_t seed) {
  std::vector<ShareCheck> checks;
  for (const char* name :
       {"conjunction", "disjunction", "mono-conjunction", "dnf", "cnf", "sparse-disjunction", "majority",
        "sparse-threshold", "halfspace", "parity", "sparse-parity", "nearest-neighbour"}) {
    const auto law = make_task_law(name, {.dimensions = dimensions, .points = 2, .drawn_labels = 1});
    std::size_t positives = 0;
    for (std::size_t i = 0; i < draws; ++i) {
      RandomStream random(seed, std::string("check.") + name, 0, i);
      positives += law->draw(random).labels.front() > 0 ? 1 : 0;
    }
    const double stated = stated_positive_share(name, dimensions);
    const double drawn = static_cast<double>(positives) / static_cast<double>(draws);
    const double deviation = std::sqrt(stated * (1 - stated) / static_cast<double>(draws));
    checks.push_back({name, stated, drawn, std::abs(drawn - stated) / deviation});
  }
  return checks;
}

}  // namespace everform::functions
