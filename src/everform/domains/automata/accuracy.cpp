#include "everform/domains/automata/accuracy.h"

#include "everform/core/base/error.h"

namespace everform {
namespace {

double share(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

double CellScore::accuracy() const {
  return share(right, cells);
}
double CellScore::exact_rate() const {
  return share(exact, grids);
}

Interval CellScore::interval() const {
  return wilson_interval(static_cast<std::size_t>(right), static_cast<std::size_t>(cells));
}

CellScore& CellScore::operator+=(const CellScore& other) {
  cells += other.cells;
  right += other.right;
  grids += other.grids;
  exact += other.exact;
  return *this;
}

CellScore score_answer(std::string_view answer, const Grid& truth) {
  const std::string wanted = cells_text(truth);
  CellScore score{.cells = truth.cells(), .right = 0, .grids = 1, .exact = 0};
  for (std::size_t i = 0; i < wanted.size() && i < answer.size(); ++i) {
    score.right += answer[i] == wanted[i] ? 1 : 0;
  }
  const bool only_filling = answer.find_first_not_of('p', wanted.size()) == std::string_view::npos;
  score.exact = score.right == score.cells && only_filling ? 1 : 0;
  return score;
}

CellScore score_grid(const Grid& prediction, const Grid& truth) {
  const std::int64_t wrong = differing_cells(prediction, truth);
  return {.cells = truth.cells(), .right = truth.cells() - wrong, .grids = 1, .exact = wrong == 0 ? 1 : 0};
}

std::vector<double> divergence_curve(const std::vector<std::vector<Grid>>& runs,
                                     const std::vector<std::vector<Grid>>& truths) {
  if (runs.size() != truths.size() || runs.empty()) {
    throw Error(ErrorKind::kFailed, "comparing runs",
                std::to_string(runs.size()) + " against " + std::to_string(truths.size()));
  }
  std::vector<double> curve(truths.front().size(), 0.0);
  for (std::size_t step = 0; step < curve.size(); ++step) {
    CellScore score;
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const Grid& truth = truths[i].at(step);
      score += step < runs[i].size() ? score_grid(runs[i][step], truth)
                                     : CellScore{.cells = truth.cells(), .right = 0, .grids = 1, .exact = 0};
    }
    curve[step] = share(score.cells - score.right, score.cells);
  }
  return curve;
}

}  // namespace everform
