#include "everform/domains/automata/run_file.h"

#include <algorithm>

#include "everform/core/base/atomic_file.h"
#include "everform/core/io/picture_file.h"
#include "everform/core/io/svg_chart.h"
#include "everform/domains/automata/drawing.h"
#include "everform/domains/automata/pattern_file.h"
#include "everform/domains/automata/state_table.h"

namespace everform {

void write_run(const std::filesystem::path& path, const std::vector<Grid>& run,
               const std::vector<Grid>* truth, const Rule& rule) {
  constexpr std::int64_t kMilliseconds = 200;
  constexpr std::int64_t kColumns = 8;
  const std::string ending = path.extension().string();
  const std::int64_t pixels = cell_pixels_for(run.front());
  if (ending == ".gif" || ending == ".apng") {
    write_animation(path, truth != nullptr ? animate_comparison(run, *truth, pixels, kMilliseconds)
                                           : animate_run(run, pixels, kMilliseconds));
  } else if (ending == ".png") {
    write_picture(path, truth != nullptr
                            ? draw_comparison(run.back(), truth->at(run.size() - 1), pixels)
                            : draw_sequence(run, std::max<std::int64_t>(pixels / 3, 2), kColumns));
  } else if (ending == ".csv") {
    write_file(path, write_state_table({{run}}));
  } else {
    write_pattern(path, {run.back(), "", rule});
  }
}

void write_rollout_pictures(const std::filesystem::path& folder, const std::string& name, const Grid& start,
                            std::int64_t generations, const StepData& data, const PromptCompleter& complete) {
  const std::vector<Grid> run =
      roll_out({start}, generations, data.strings, complete, BadAnswer::kStop).front();
  const std::vector<Grid> truth = orbit(start, generations, data.rule, data.edge);
  std::filesystem::create_directories(folder);
  write_run(folder / (name + ".gif"), run, &truth, data.rule);
  write_run(folder / (name + ".png"), run, nullptr, data.rule);
}

std::vector<std::int64_t> wrong_cells(const std::vector<Grid>& run, const std::vector<Grid>& truth) {
  std::vector<std::int64_t> wrong;
  for (std::size_t t = 0; t < std::min(run.size(), truth.size()); ++t) {
    wrong.push_back(differing_cells(run[t], truth[t]));
  }
  return wrong;
}

std::int64_t equal_up_to(const std::vector<Grid>& run, const std::vector<Grid>& truth) {
  const std::vector<std::int64_t> wrong = wrong_cells(run, truth);
  return std::find_if(wrong.begin(), wrong.end(), [](std::int64_t cells) { return cells > 0; }) -
         wrong.begin() - 1;
}

void write_divergence(const std::filesystem::path& path, const std::vector<double>& curve) {
  std::string csv = "generation,wrong_cells\n";
  ChartSeries series{.name = ""};
  for (std::size_t t = 0; t < curve.size(); ++t) {
    csv += std::to_string(t) + "," + std::to_string(curve[t]) + "\n";
    series.x.push_back(static_cast<double>(t));
    series.y.push_back(curve[t]);
  }
  write_file(path, csv);
  write_file(std::filesystem::path(path).replace_extension(".svg"),
             line_chart({.title = "Rollout against the automaton",
                         .x = {.label = "generation"},
                         .y = {.label = "share of wrong cells", .minimum = 0.0},
                         .series = {series}}));
}

}  // namespace everform
