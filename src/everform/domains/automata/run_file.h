// Runs of an automaton, true or predicted, as files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "everform/domains/automata/rollout.h"
#include "everform/domains/automata/step_data.h"

namespace everform {

/// Writes what the ending asks for: .gif or .apng an animation, .png a sheet of all grids, .csv a table of
/// states, an ending of patterns the last grid. @param truth where given, pictures show it on the left and
/// mark the run's wrong cells on the right (a .png: of the last grid); at least as long as the run. Throws
/// Error{kUsage} for another ending.
void write_run(const std::filesystem::path& path, const std::vector<Grid>& run,
               const std::vector<Grid>* truth, const Rule& rule);

/// Rolls a model out from one start and writes NAME.gif, its run beside the truth, and NAME.png, a sheet of
/// what it wrote. A bad answer ends the run.
void write_rollout_pictures(const std::filesystem::path& folder, const std::string& name, const Grid& start,
                            std::int64_t generations, const StepData& data, const PromptCompleter& complete);

/// Cells that differ in each generation of both.
std::vector<std::int64_t> wrong_cells(const std::vector<Grid>& run, const std::vector<Grid>& truth);

/// The last generation up to which the runs are equal, -1 where they differ from the start.
std::int64_t equal_up_to(const std::vector<Grid>& run, const std::vector<Grid>& truth);

/// A divergence curve as a CSV file with the columns generation and wrong_cells, and as a chart beside it
/// (.svg).
void write_divergence(const std::filesystem::path& path, const std::vector<double>& curve);

}  // namespace everform
