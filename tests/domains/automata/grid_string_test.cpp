#include "everform/domains/automata/grid_string.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/domains/automata/accuracy.h"
#include "everform/domains/automata/pattern.h"
#include "everform/domains/automata/random_grids.h"
#include "everform/domains/automata/rollout.h"
#include "everform/domains/automata/step.h"

namespace everform {
namespace {

Grid cells(const std::string& text, std::int64_t width) {
  return grid_from_cells(text, width, static_cast<std::int64_t>(text.size()) / width, "test");
}

TEST(GridString, WritesThePublishedForm) {
  const GridString strings;
  const Grid now = cells("010010010", 3);
  const Grid next = cells("000111000", 3);
  EXPECT_EQ(strings.prompt(now), "@PredictNextState<010010010>");
  EXPECT_EQ(strings.sample(now, next), "@PredictNextState<010010010> [000111000]$");
  EXPECT_EQ(strings.prompt_bytes(9), 28);
  EXPECT_EQ(strings.sample_bytes(9), 41);
  EXPECT_EQ(strings.answer_bytes(9), 13);

  const GridString padded{.padded_cells = 12};
  EXPECT_EQ(padded.sample(now, next), "@PredictNextState<010010010ppp> [000111000ppp]$");
  EXPECT_EQ(padded.sample_bytes(9), 47);
  EXPECT_THROW(padded.prompt(Grid(4, 4)), Error);
}

TEST(GridString, ThePaperSizeHas2071BytesAndRoundTrips) {
  const GridString strings;
  RandomStream random(1, "test.string");
  const Grid now = random_grid(32, 32, 0.5, random);
  const std::string text = strings.sample(now, step(now));
  EXPECT_EQ(text.size(), 2071U);
  const auto [read_now, read_next] = parse_sample(text, strings, 32, 32, "test");
  EXPECT_EQ(read_now, now);
  EXPECT_EQ(read_next, step(now));
}

TEST(GridString, ParsingNamesThePlace) {
  const GridString strings{.padded_cells = 6};
  const std::string text = strings.sample(cells("0100", 2), cells("1001", 2));
  EXPECT_EQ(parse_sample(text, strings, 2, 2, "test").second, cells("1001", 2));
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string broken = text;
    broken[at] = '?';
    try {
      parse_sample(broken, strings, 2, 2, "test");
      FAIL() << at;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      EXPECT_TRUE(error.where().starts_with("test:1:")) << error.where();
    }
  }
  EXPECT_THROW(parse_sample(text + "$", strings, 2, 2, "test"), Error);
}

TEST(GridString, AnswersAreReadBetweenTheBrackets) {
  const GridString strings;
  EXPECT_EQ(answer_grid(" [0110]$", strings, 2, 2), cells("0110", 2));
  EXPECT_EQ(answer_cells(" [011"), "011");
  EXPECT_EQ(answer_cells("0110"), "");
  for (const char* bad : {" [011]$", " [01100]$", " [01a0]$", "0110", ""}) {
    try {
      answer_grid(bad, strings, 2, 2);
      FAIL() << bad;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kFailed);
    }
  }
  EXPECT_EQ(answer_grid(" [0110pp]$", GridString{.padded_cells = 6}, 2, 2), cells("0110", 2));
  EXPECT_THROW(answer_grid(" [0110]$", GridString{.padded_cells = 6}, 2, 2), Error);
}

TEST(Accuracy, MissingCellsAreWrong) {
  const Grid truth = cells("0110", 2);
  const auto right = [&truth](const char* answer) { return score_answer(answer, truth).right; };
  EXPECT_EQ(right("0110"), 4);
  EXPECT_EQ(right("011"), 3);
  EXPECT_EQ(right(""), 0);
  EXPECT_EQ(right("0p10"), 3);
  EXPECT_EQ(score_answer("0110", truth).exact, 1);
  EXPECT_EQ(score_answer("0110pp", truth).exact, 1);
  EXPECT_EQ(score_answer("01100", truth).exact, 0);
  EXPECT_EQ(score_answer("011", truth).exact, 0);

  CellScore sum = score_answer("0110", truth);
  sum += score_grid(cells("1001", 2), truth);
  EXPECT_EQ(sum.accuracy(), 0.5);
  EXPECT_EQ(sum.exact_rate(), 0.5);
  EXPECT_EQ(CellScore().accuracy(), 0.0);
}

/// A model that follows the rule, and flips the first cell of the answer in generation `flip_at`.
PromptCompleter rule_follower(std::int64_t width, std::int64_t height, std::int64_t flip_at = 0) {
  return [=](const std::vector<std::string>& prompts, std::int64_t generation) {
    std::vector<std::string> answers;
    for (const std::string& prompt : prompts) {
      const std::size_t begin = GridString::kOpening.size();
      Grid next =
          step(grid_from_cells(prompt.substr(begin, prompt.size() - begin - 1), width, height, "fake"));
      if (generation == flip_at) {
        next.set(0, 0, !next.at(0, 0));
      }
      answers.push_back(" [" + cells_text(next) + "]$");
    }
    return answers;
  };
}

TEST(Rollout, IsExactWhenTheModelIs) {
  std::vector<Grid> starts;
  std::vector<std::vector<Grid>> truths;
  for (std::uint64_t i = 0; i < 6; ++i) {
    RandomStream random(4, "test.rollout", 0, i);
    starts.push_back(random_grid(9, 7, 0.4, random));
    truths.push_back(orbit(starts.back(), 50));
  }
  const auto runs = roll_out(starts, 50, {}, rule_follower(9, 7));
  EXPECT_EQ(runs, truths);
  EXPECT_EQ(divergence_curve(runs, truths), std::vector<double>(51, 0.0));
}

TEST(Rollout, OneFlippedBitGrowsAsTheTwoOrbitsDiverge) {
  const std::int64_t flip_at = 12;
  RandomStream random(4, "test.rollout", 1);
  const Grid start = random_grid(12, 12, 0.45, random);
  const std::vector<Grid> truth = orbit(start, 40);
  const std::vector<double> curve =
      divergence_curve(roll_out({start}, 40, {}, rule_follower(12, 12, flip_at)), {truth});

  Grid other = truth[flip_at];
  other.set(0, 0, !other.at(0, 0));
  for (std::int64_t t = 0; t <= 40; ++t) {
    const auto at = static_cast<std::size_t>(t);
    if (t < flip_at) {
      EXPECT_EQ(curve[at], 0.0);
    } else {
      EXPECT_EQ(curve[at], static_cast<double>(differing_cells(other, truth[at])) / 144.0) << t;
      other = step(other);
    }
  }
}

TEST(Rollout, ABadAnswerEndsItAsAsked) {
  const Grid start = placed_in_middle(built_in_pattern("blinker").grid, 5, 5);
  const PromptCompleter follow = rule_follower(5, 5);
  const PromptCompleter forgetful = [&](const std::vector<std::string>& prompts, std::int64_t generation) {
    return generation < 3 ? follow(prompts, generation) : std::vector<std::string>(prompts.size(), " [01]$");
  };
  EXPECT_THROW(roll_out({start}, 5, {}, forgetful), Error);
  EXPECT_THROW(roll_out({start}, -1, {}, follow), Error);
  EXPECT_EQ(roll_out({start}, 0, {}, follow).front().size(), 1U);
  const auto runs = roll_out({start, start}, 5, {}, forgetful, BadAnswer::kStop);
  EXPECT_EQ(runs[1].size(), 3U);
  EXPECT_EQ(divergence_curve(runs, {orbit(start, 5), orbit(start, 5)}),
            (std::vector<double>{0, 0, 0, 1, 1, 1}));
}

}  // namespace
}  // namespace everform
