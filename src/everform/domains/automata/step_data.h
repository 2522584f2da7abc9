// Steps of an automaton as training strings and as held-out tests.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "everform/core/io/sample.h"
#include "everform/domains/automata/grid_string.h"
#include "everform/domains/automata/random_grids.h"
#include "everform/domains/automata/step.h"

namespace everform {

/// Which automaton on which grids.
struct StepData {
  Rule rule;
  Edge edge = Edge::kTorus;
  std::vector<std::int64_t> widths = {32};  ///< sides of the square grids
  GridString strings;
  OrderRange order = OrderRange::kBroad;

  Grid next(const Grid& now) const { return step(now, rule, edge); }
  /// Cells of the largest grid.
  std::int64_t largest() const;
  /// Start `item` of a set of `count`: its order parameter is order_parameter(order, item, count), its side
  /// the item's turn of `widths`.
  Grid start(std::int64_t item, std::int64_t count, RandomStream& random) const;
  /// A fresh start for item `item` of a batch of `batch`: a broad order parameter is drawn from the item's
  /// own part of 0..1, so that each batch covers the whole range.
  Grid fresh_start(std::int64_t item, std::int64_t batch, RandomStream& random) const;
};

/// The string of a step for next-token training: tokens and targets (int64, without the last and the first
/// byte of the string), and mask (uint8): 1 where the target counts, that is everywhere, or from the answer's
/// first byte on where `answer_only`. Padded with GridString::kPad (mask 0) to the longest of a batch.
Sample step_sample(const Grid& now, const Grid& next, const GridString& strings, bool answer_only);

/// Starts and what follows from them, to be predicted.
struct HeldOutSteps {
  std::vector<Grid> now;
  std::vector<Grid> next;

  /// All steps `times` over, for several draws of each.
  HeldOutSteps repeated(int times) const;
};

/// `count` starts over the data's order range. Start i comes from RandomStream(seed, purpose, 0, i).
HeldOutSteps held_out_steps(const StepData& data, std::int64_t count, std::uint64_t seed,
                            std::string_view purpose);
/// `count` starts of one order parameter, on grids of one side.
HeldOutSteps held_out_steps(const StepData& data, std::int64_t width, double order, std::int64_t count,
                            std::uint64_t seed, std::string_view purpose);

/// The step from State 1 to State 2 of each row of a table of states. Throws Error{kBadInput} naming the
/// file.
HeldOutSteps steps_of_table(const std::filesystem::path& path);

}  // namespace everform
