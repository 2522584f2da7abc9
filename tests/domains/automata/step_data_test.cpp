#include "everform/domains/automata/step_data.h"

#include <gtest/gtest.h>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/gif.h"
#include "everform/domains/automata/known_facts.h"
#include "everform/domains/automata/pattern_file.h"
#include "everform/domains/automata/run_file.h"
#include "everform/domains/automata/score_table.h"
#include "everform/domains/automata/state_table.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

const std::vector<std::int64_t>& integers(const Sample& sample, const std::string& name) {
  return std::get<std::vector<std::int64_t>>(sample.arrays.at(name).values);
}

TEST(StepSample, TargetsAreTheNextBytesAndTheMaskChoosesTheAnswer) {
  const Grid now = grid_from_cells("0110", 2, 2, "test");
  const Grid next = grid_from_cells("1001", 2, 2, "test");
  const std::string text = "@PredictNextState<0110> [1001]$";
  for (const bool answer_only : {false, true}) {
    const Sample sample = step_sample(now, next, {}, answer_only);
    const auto& mask = std::get<std::vector<std::uint8_t>>(sample.arrays.at("mask").values);
    std::string counted;
    ASSERT_EQ(mask.size(), text.size() - 1);
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      EXPECT_EQ(integers(sample, "tokens")[i], text[i]);
      EXPECT_EQ(integers(sample, "targets")[i], text[i + 1]);
      counted += mask[i] != 0 ? std::string(1, text[i + 1]) : "";
    }
    EXPECT_EQ(counted, answer_only ? " [1001]$" : text.substr(1));
    EXPECT_EQ(sample.arrays.at("tokens").collate, Collate::kPad);
  }
}

TEST(StepData, HeldOutStepsFollowTheRuleAndCoverTheOrders) {
  const StepData data{.rule = parse_rule("B36/S23", "test"), .edge = Edge::kDead, .widths = {6, 9}};
  const HeldOutSteps steps = held_out_steps(data, 41, 3, "test.held_out");
  ASSERT_EQ(steps.now.size(), 41U);
  EXPECT_EQ(steps.now.front().population(), 0);
  EXPECT_EQ(steps.now.back().population(), steps.now.back().cells());
  for (std::size_t i = 0; i < steps.now.size(); ++i) {
    EXPECT_EQ(steps.now[i].width(), i % 2 == 0 ? 6 : 9);
    EXPECT_EQ(steps.next[i], step_reference(steps.now[i], data.rule, data.edge));
  }
  EXPECT_EQ(held_out_steps(data, 41, 3, "test.held_out").now, steps.now);
  EXPECT_NE(held_out_steps(data, 41, 4, "test.held_out").now, steps.now);
  EXPECT_EQ(data.largest(), 81);
  EXPECT_THROW(held_out_steps(data, 0, 3, "test.held_out"), Error);
}

TEST(StepData, FreshBatchesCoverTheWholeRange) {
  const StepData data{.widths = {40}};
  double last = -1;
  for (std::int64_t item = 0; item < 8; ++item) {
    RandomStream random(1, "test.fresh", 5, static_cast<std::uint64_t>(item));
    const double alive = static_cast<double>(data.fresh_start(item, 8, random).population()) / 1600.0;
    EXPECT_GT(alive, static_cast<double>(item) / 8 - 0.05);
    EXPECT_LT(alive, static_cast<double>(item + 1) / 8 + 0.05);
    EXPECT_GT(alive, last - 0.06);
    last = alive;
  }
}

TEST(StepData, TablesGiveTheirFirstStep) {
  const test::TemporaryFolder folder;
  write_file(folder.path() / "a.csv", "State 1,State 2,State 3\n0110,1001,0000\n1111,0000,0000\n");
  const HeldOutSteps steps = steps_of_table(folder.path() / "a.csv");
  ASSERT_EQ(steps.now.size(), 2U);
  EXPECT_EQ(cells_text(steps.next[0]), "1001");
  write_file(folder.path() / "b.csv", "State 1\n0110\n");
  EXPECT_THROW(steps_of_table(folder.path() / "b.csv"), Error);
}

TEST(StepScores, BaselinesAreCountedByHand) {
  HeldOutSteps steps;
  steps.now = {grid_from_cells("0110", 2, 2, "t"), grid_from_cells("0000", 2, 2, "t")};
  steps.next = {grid_from_cells("1110", 2, 2, "t"), grid_from_cells("0000", 2, 2, "t")};
  EXPECT_EQ(score_all_dead(steps).accuracy(), 5.0 / 8.0);
  EXPECT_EQ(score_all_dead(steps).exact_rate(), 0.5);
  EXPECT_EQ(score_copy(steps).accuracy(), 7.0 / 8.0);
  const PromptCompleter mute = [](const std::vector<std::string>& prompts, std::int64_t) {
    return std::vector<std::string>(prompts.size(), " [11");
  };
  EXPECT_EQ(score_completions(steps, {}, mute).accuracy(), 2.0 / 8.0);
}

TEST(StepScores, BroadOrderMakesAllDeadScore13Of90Wrong) {
  // The share of live cells after one step, averaged over the order parameter, is an integral of binomials:
  // 13/90.
  const HeldOutSteps steps = held_out_steps({.widths = {12}}, 4001, 1, "test.integral");
  EXPECT_NEAR(1.0 - score_all_dead(steps).accuracy(), 13.0 / 90.0, 0.003);
}

TEST(ScoreTable, RowsForOrdersTemperaturesAndWidths) {
  const StepData data{.widths = {5}};
  const HeatedModel exact{0.5, rule_follower(data, 5, 5)};
  const HeatedModel wrong{1.0, rule_follower(data, 5, 5, 1)};
  const auto rows = scores_by_order(data, {exact, wrong}, {0.2, 0.4}, 7, 1);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[1].set, "0.4");
  EXPECT_EQ(rows[1].model.accuracy(), 1.0);
  EXPECT_EQ(rows[2].model.accuracy(), 24.0 / 25.0);
  EXPECT_EQ(rows[2].model.exact_rate(), 0.0);
  EXPECT_EQ(rows[2].temperature, 1.0);
  const std::string csv = to_csv(rows, "order");
  EXPECT_TRUE(csv.starts_with("order,temperature,grids,cell_accuracy,")) << csv;
  EXPECT_NE(csv.find("\n0.4,0.5,7,1.0,1.0,"), std::string::npos) << csv;
  EXPECT_NE(to_text(rows[2], "order").find("cell accuracy 0.9600 (all dead 0."), std::string::npos);

  EXPECT_EQ(scores_by_order(data, {exact}, {}, 9, 1).front().model.grids, 9);
  const auto widths = scores_by_width(data, exact, {5}, 3, 1);
  EXPECT_EQ(widths.front().set, "5");
  EXPECT_EQ(to_json(widths.front()).at("cell_accuracy"), 1.0);
}

TEST(RunFile, EveryEndingIsWritten) {
  const test::TemporaryFolder folder;
  const StepData data{.widths = {6}};
  const Grid start = start_from_pattern("", "glider", {8, 6}, data.rule);
  EXPECT_EQ(start.width(), 6);
  EXPECT_THROW(start_from_pattern("", "gosper-gun", {8, 6}, data.rule), Error);
  const auto truth = orbit(start, 5);
  const auto run = roll_out({start}, 5, {}, rule_follower(data, 6, 6, 3))[0];
  EXPECT_EQ(equal_up_to(run, truth), 2);
  EXPECT_EQ(equal_up_to(truth, truth), 5);
  EXPECT_EQ(wrong_cells(run, truth)[3], 1);

  for (const char* ending : {".gif", ".apng", ".png", ".csv", ".rle", ".txt"}) {
    write_run(folder.path() / (std::string("run") + ending), run, &truth, data.rule);
    write_run(folder.path() / (std::string("alone") + ending), run, nullptr, data.rule);
  }
  EXPECT_EQ(read_gif(folder.path() / "run.gif").frames.size(), 6U);
  EXPECT_GT(read_gif(folder.path() / "run.gif").frames[0].image.width,
            read_gif(folder.path() / "alone.gif").frames[0].image.width);
  EXPECT_EQ(read_pattern(folder.path() / "run.rle").grid, run.back());
  EXPECT_EQ(read_state_table(read_file(folder.path() / "run.csv"), "run.csv").runs[0], run);
  EXPECT_THROW(write_run(folder.path() / "run.webm", run, nullptr, data.rule), Error);

  write_divergence(folder.path() / "curve.csv", {0.0, 0.25});
  EXPECT_EQ(read_file(folder.path() / "curve.csv"), "generation,wrong_cells\n0,0.000000\n1,0.250000\n");
  EXPECT_TRUE(read_file(folder.path() / "curve.svg").starts_with("<svg"));
}

TEST(KnownFacts, AllHold) {
  for (const CheckCount& facts : {check_oracle_facts(), check_string_facts(1), check_rollout_facts(1, 50, 10),
                                  check_bad_input_facts()}) {
    EXPECT_GT(facts.run, 5U);
    EXPECT_EQ(facts.passed, facts.run);
  }
  EXPECT_EQ(rule_follower_accuracy(1, 50), 1.0);
}

}  // namespace
}  // namespace everform
