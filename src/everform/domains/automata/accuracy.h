// How well predicted grids agree with true ones.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "everform/core/base/statistics.h"
#include "everform/domains/automata/grid.h"

namespace everform {

/// Sums over compared grids.
struct CellScore {
  std::int64_t cells = 0;
  std::int64_t right = 0;
  std::int64_t grids = 0;
  std::int64_t exact = 0;

  /// Share of cells that are right; 0 where nothing was compared.
  double accuracy() const;
  /// Share of grids without a wrong cell.
  double exact_rate() const;
  /// Of the accuracy, as if cells were independent (Wilson, 95 %).
  Interval interval() const;
  CellScore& operator+=(const CellScore& other);
};

/// Scores the characters of an answer against the true cells, place by place: what is missing or no cell
/// counts as wrong, and an answer that is longer is never exact. (The published accuracy divides by the true
/// number of cells too.)
/// @param answer cells as '0' and '1', as answer_cells gives them, filling included
CellScore score_answer(std::string_view answer, const Grid& truth);

CellScore score_grid(const Grid& prediction, const Grid& truth);

/// Mean share of differing cells after each step: [steps + 1] values from runs and true runs of one length. A
/// run that ended early (its model gave no grid) counts as wrong in every cell from there on.
std::vector<double> divergence_curve(const std::vector<std::vector<Grid>>& runs,
                                     const std::vector<std::vector<Grid>>& truths);

}  // namespace everform
