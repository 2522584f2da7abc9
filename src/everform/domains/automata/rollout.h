// "Autoregressive autoregressor" (ARAR; Berkovich and Buehler 2024, arXiv 2409.12182): the grid that a model
// writes becomes its next prompt.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "everform/domains/automata/grid.h"
#include "everform/domains/automata/grid_string.h"

namespace everform {

/// A text model: the continuation of each prompt up to GridString::kEnd. @param generation from 1: the
/// generation that is asked for
using PromptCompleter =
    std::function<std::vector<std::string>(const std::vector<std::string>& prompts, std::int64_t generation)>;

/// What to do with an answer that is no grid.
enum class BadAnswer {
  kThrow,  ///< Error{kFailed} that shows the answer
  kStop    ///< the run of that start ends before it
};

/// Feeds each start's grid to the model `generations` times over, all starts together.
/// @return a run for each start: the start and what the model made of it, generations + 1 grids unless it
/// stopped early
std::vector<std::vector<Grid>> roll_out(const std::vector<Grid>& starts, std::int64_t generations,
                                        const GridString& strings, const PromptCompleter& complete,
                                        BadAnswer on_bad_answer = BadAnswer::kThrow);

}  // namespace everform
