#include "everform/domains/automata/known_facts.h"

#include "everform/core/base/error.h"
#include "everform/domains/automata/pattern_file.h"
#include "everform/domains/automata/rle.h"
#include "everform/domains/automata/step_scores.h"

namespace everform {

CheckCount check_oracle_facts() {
  CheckCount facts;
  const auto on_torus = [](const char* name, std::int64_t side) {
    return placed_in_middle(built_in_pattern(name).grid, side, side);
  };
  facts.expect(step(on_torus("block", 6)) == on_torus("block", 6));
  const Grid blinker = on_torus("blinker", 6);
  facts.expect(step(blinker) != blinker && step(step(blinker)) == blinker);
  for (const std::int64_t side : {6, 8, 13, 32, 64}) {
    const Grid glider = on_torus("glider", side);
    const std::vector<Grid> grids = orbit(glider, 4 * side);
    facts.expect(grids.back() == glider && grids[static_cast<std::size_t>(2 * side)] != glider);
  }
  for (const std::string& name : built_in_pattern_names()) {
    facts.expect(write_rle(read_rle(built_in_pattern_rle(name), name)) == built_in_pattern_rle(name));
  }
  return facts;
}

CheckCount check_string_facts(std::uint64_t seed) {
  CheckCount facts;
  const StepData data;
  const HeldOutSteps steps = held_out_steps(data, 11, seed, "facts.strings");
  for (std::size_t i = 0; i < steps.now.size(); ++i) {
    const std::string text = data.strings.sample(steps.now[i], steps.next[i]);
    facts.expect(text.size() == 2071 &&
                 parse_sample(text, data.strings, 32, 32, "facts") == std::pair(steps.now[i], steps.next[i]));
  }
  return facts;
}

CheckCount check_rollout_facts(std::uint64_t seed, std::int64_t generations, std::int64_t flip_at) {
  CheckCount facts;
  const StepData data{.widths = {16}};
  RandomStream random(seed, "facts.rollout");
  const Grid start = random_grid(16, 16, 0.45, random);
  const std::vector<Grid> truth = orbit(start, generations);
  const auto runs = roll_out({start}, generations, data.strings, rule_follower(data, 16, 16, flip_at));
  const std::vector<double> curve = divergence_curve(runs, {truth});
  Grid other = truth.at(static_cast<std::size_t>(flip_at));
  other.set(0, 0, !other.at(0, 0));
  for (std::int64_t t = 0; t <= generations; ++t) {
    const auto at = static_cast<std::size_t>(t);
    double wanted = 0.0;
    if (t >= flip_at) {
      wanted = static_cast<double>(differing_cells(other, truth[at])) / static_cast<double>(start.cells());
      other = step(other);
    }
    facts.expect(curve[at] == wanted);
  }
  return facts;
}

double rule_follower_accuracy(std::uint64_t seed, std::int64_t generations) {
  const StepData data{.widths = {16}};
  const HeldOutSteps starts = held_out_steps(data, 8, seed, "facts.follower");
  CellScore score;
  for (const std::vector<Grid>& run :
       roll_out(starts.now, generations, data.strings, rule_follower(data, 16, 16))) {
    const std::vector<Grid> truth = orbit(run[0], generations);
    for (std::size_t t = 1; t < truth.size(); ++t) {
      score += score_grid(run.at(t), truth[t]);
    }
  }
  return score.accuracy();
}

CheckCount check_bad_input_facts() {
  struct Case {
    const char* text;
    const char* place;
  };
  constexpr Case kCases[] = {{"010\n0a1\n", ":2:2"},
                             {"010\n01\n", ":2:3"},
                             {"", ":1:1"},
                             {"!Name: none\n!\n", ":1:1"},
                             {"!\n.O\n.x\n", ":3:2"},
                             {"x = 3, y = 3\nbo$2bx$3o!\n", ":2:6"},
                             {"#Life 1.06\n0 1\n1 b\n", ":3:3"},
                             {"State 1,State 2\n0110,0200\n", ":2:7"}};
  CheckCount facts;
  for (const Case& bad : kCases) {
    try {
      decode_pattern(bad.text, "input");
      facts.expect(false);
    } catch (const Error& error) {
      facts.expect(error.kind() == ErrorKind::kBadInput && error.where() == std::string("input") + bad.place);
    }
  }
  return facts;
}

}  // namespace everform
