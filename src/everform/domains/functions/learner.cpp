#include "everform/domains/functions/learner.h"

#include <algorithm>
#include <array>
#include <bit>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform::functions {

Point PointSpan::reduce(Point x, bool& label) const {
  for (const Row& row : rows_) {
    if ((x & std::bit_floor(row.bits)) != 0) {
      x ^= row.bits;
      label ^= row.label;
    }
  }
  return x;
}

void PointSpan::add(Point x, bool label) {
  const Point rest = reduce(x, label);
  if (rest == 0) {
    return;
  }
  const auto below =
      std::find_if(rows_.begin(), rows_.end(), [rest](const Row& row) { return row.bits < rest; });
  rows_.insert(below, {rest, label});
}

namespace {

class NullLearner final : public Learner {
 public:
  int predict(Point) const override { return -1; }
  void observe(Point, int) override {}
};

class NearestNeighbours final : public Learner {
 public:
  explicit NearestNeighbours(std::size_t count) : count_(count) {}

  int predict(Point x) const override {
    if (seen_.empty()) {
      return 0;
    }
    std::vector<std::pair<int, std::size_t>> order;
    order.reserve(seen_.size());
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      order.emplace_back(hamming_distance(seen_[i].first, x), i);
    }
    const std::size_t used = std::min(count_, order.size());
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(used), order.end());
    int votes = 0;
    for (std::size_t i = 0; i < used; ++i) {
      votes += seen_[order[i].second].second;
    }
    return votes == 0 ? seen_[order.front().second].second : (votes > 0 ? 1 : -1);
  }
  void observe(Point x, int label) override { seen_.emplace_back(x, label); }

 private:
  std::size_t count_;
  std::vector<std::pair<Point, int>> seen_;
};

class Averaging final : public Learner {
 public:
  explicit Averaging(int dimensions) : sums_(static_cast<std::size_t>(dimensions), 0) {}

  int predict(Point x) const override {
    std::int64_t score = 0;
    for (std::size_t j = 0; j < sums_.size(); ++j) {
      score += ((x >> j) & 1U) != 0 ? sums_[j] : -sums_[j];
    }
    return score == 0 ? 0 : (score > 0 ? 1 : -1);
  }
  void observe(Point x, int label) override {
    for (std::size_t j = 0; j < sums_.size(); ++j) {
      sums_[j] += ((x >> j) & 1U) != 0 ? label : -label;
    }
  }

 private:
  std::vector<std::int64_t> sums_;
};

/// Valiant's learner of conjunctions (Commun. ACM 1984).
class Elimination final : public Learner {
 public:
  explicit Elimination(int dimensions) : left_{full_point(dimensions), full_point(dimensions)} {}

  int predict(Point x) const override { return left_.all_hold(x) ? 1 : -1; }
  void observe(Point x, int label) override {
    if (label > 0) {
      left_.positive &= x;
      left_.negative &= ~x;
    }
  }

 private:
  Literals left_;
};

class ParityElimination final : public Learner {
 public:
  int predict(Point x) const override {
    bool label = false;
    const Point rest = span_.reduce(x, label);
    return rest == 0 && label ? 1 : -1;
  }
  void observe(Point x, int label) override { span_.add(x, label > 0); }

 private:
  PointSpan span_;
};

}  // namespace

const std::vector<std::string>& learner_names() {
  static const std::vector<std::string> names = {"null", "nn1", "nn3", "averaging", "elimination", "gf2"};
  return names;
}

std::unique_ptr<Learner> make_learner(const std::string& name, int dimensions) {
  if (name == "null") {
    return std::make_unique<NullLearner>();
  }
  if (name == "nn1" || name == "nn3") {
    return std::make_unique<NearestNeighbours>(name == "nn1" ? 1 : 3);
  }
  if (name == "averaging") {
    return std::make_unique<Averaging>(dimensions);
  }
  if (name == "elimination") {
    return std::make_unique<Elimination>(dimensions);
  }
  if (name == "gf2") {
    return std::make_unique<ParityElimination>();
  }
  throw Error(ErrorKind::kUsage, "choosing a baseline", "there is no learner " + printable(name),
              suggestion(name, learner_names()));
}

std::vector<bool> run_learner(const std::string& name, const LabelledSequence& sequence) {
  const std::unique_ptr<Learner> learner = make_learner(name, sequence.dimensions);
  std::vector<bool> right;
  right.reserve(sequence.points.size());
  for (std::size_t i = 0; i < sequence.points.size(); ++i) {
    right.push_back(learner->predict(sequence.points[i]) == sequence.labels[i]);
    learner->observe(sequence.points[i], sequence.labels[i]);
  }
  return right;
}

}  // namespace everform::functions
