#include "everform/domains/functions/learner.h"

#include <gtest/gtest.h>

#include <bit>

#include "everform/core/base/error.h"
#include "everform/domains/functions/task_law.h"

namespace everform::functions {
namespace {

LabelledSequence draw(const std::string& name, const SequenceShape& shape, std::uint64_t item) {
  RandomStream random(1, "learner", 0, item);
  return make_task_law(name, shape)->draw(random);
}

int predict_after(const std::string& name, const std::vector<std::pair<Point, int>>& seen, Point x,
                  int dimensions = 4) {
  const auto learner = make_learner(name, dimensions);
  for (const auto& [point, label] : seen) {
    learner->observe(point, label);
  }
  return learner->predict(x);
}

TEST(Learner, KnownAnswers) {
  EXPECT_EQ(predict_after("null", {{0, 1}}, 0), -1);
  EXPECT_EQ(predict_after("nn1", {}, 0b0110), 0);
  EXPECT_EQ(predict_after("nn1", {{0b0000, -1}, {0b0111, 1}}, 0b0110), 1);
  EXPECT_EQ(predict_after("nn1", {{0b0100, -1}, {0b0111, 1}}, 0b0110), -1) << "ties go to the earliest";
  EXPECT_EQ(predict_after("nn3", {{0b0110, 1}, {0b0111, -1}, {0b0100, -1}, {0b1001, 1}}, 0b0110), -1);
  EXPECT_EQ(predict_after("nn3", {{0b1111, -1}, {0b0110, 1}}, 0b0110), 1) << "of two the nearer decides";
  EXPECT_EQ(predict_after("averaging", {{0b1111, 1}, {0b0000, -1}}, 0b0111), 1);
  EXPECT_EQ(predict_after("averaging", {{0b1111, 1}, {0b0000, -1}}, 0b0011), 0);
  EXPECT_EQ(predict_after("elimination", {}, 0b1111), -1);
  EXPECT_EQ(predict_after("elimination", {{0b0011, 1}}, 0b0011), 1);
  EXPECT_EQ(predict_after("elimination", {{0b0011, 1}, {0b0110, 1}}, 0b1010), -1) << "not x_4 is left";
  EXPECT_EQ(predict_after("elimination", {{0b0011, 1}, {0b0110, 1}}, 0b0101), -1) << "x_2 is left";
  EXPECT_EQ(predict_after("elimination", {{0b0011, 1}, {0b0110, 1}}, 0b0111), 1);
  EXPECT_EQ(predict_after("gf2", {{0b0011, 1}, {0b0110, 1}}, 0b0101), -1) << "1 + 1 = 0";
  EXPECT_EQ(predict_after("gf2", {{0b0011, 1}, {0b0110, -1}}, 0b0101), 1);
  EXPECT_EQ(predict_after("gf2", {{0b0011, 1}}, 0b1000), -1) << "outside the span";
  EXPECT_THROW(make_learner("nn2", 4), Error);
}

TEST(Learner, EliminationNeverErrsOnNegativesAndConverges) {
  std::size_t late_errors = 0;
  for (std::uint64_t item = 0; item < 300; ++item) {
    const LabelledSequence sequence = draw("conjunction", {.dimensions = 10, .points = 80}, item);
    const auto right = run_learner("elimination", sequence);
    for (std::size_t i = 0; i < right.size(); ++i) {
      ASSERT_TRUE(right[i] || sequence.labels[i] > 0) << "its hypothesis is the most specific one";
      late_errors += i >= 60 && !right[i] ? 1 : 0;
    }
  }
  EXPECT_LT(late_errors, 5U) << "of 6,000";
}

TEST(Learner, ParityIsExactOnceTheSpanIsFull) {
  std::size_t checked = 0;
  for (std::uint64_t item = 0; item < 300; ++item) {
    const LabelledSequence sequence = draw("parity", {.dimensions = 10, .points = 40}, item);
    const auto right = run_learner("gf2", sequence);
    PointSpan span;
    for (std::size_t i = 0; i < right.size(); ++i) {
      if (span.rank() == 10) {
        ASSERT_TRUE(right[i]);
        ++checked;
      }
      span.add(sequence.points[i], sequence.labels[i] > 0);
    }
  }
  EXPECT_GT(checked, 5000U);
}

TEST(Learner, RankAgreesWithCountingTheSpan) {
  RandomStream random(0, "rank");
  for (int trial = 0; trial < 200; ++trial) {
    PointSpan span;
    std::vector<Point> all = {0};
    for (int i = 0; i < 6; ++i) {
      const Point x = random.below(64);
      span.add(x, false);
      std::vector<Point> sums = all;
      for (const Point y : all) {
        sums.push_back(x ^ y);
      }
      std::sort(sums.begin(), sums.end());
      sums.erase(std::unique(sums.begin(), sums.end()), sums.end());
      all = sums;
      ASSERT_EQ(std::size_t{1} << span.rank(), all.size());
    }
  }
}

TEST(Learner, SequencesSurviveTheirEncoding) {
  for (const std::string& name : task_names()) {
    LabelledSequence sequence = draw(name, {.dimensions = 9, .points = 20, .drawn_labels = 5}, 2);
    sequence.taught = 0;
    EXPECT_EQ(decode_sequence(encode_sequence(sequence)), sequence) << name;
  }
  const Sample sample = encode_sequence(draw("conjunction", {.dimensions = 3, .points = 2}, 0));
  EXPECT_EQ(sample.arrays.at("vectors").shape, (std::vector<std::int64_t>{4, 3}));
  Sample broken = sample;
  std::get<std::vector<float>>(broken.arrays["vectors"].values)[4] = 0.5F;
  EXPECT_THROW(decode_sequence(broken), Error);
  broken = sample;
  broken.arrays["vectors"].shape = {2, 6};
  EXPECT_THROW(decode_sequence(broken), Error);
  EXPECT_THROW(decode_sequence(Sample{}), Error);
}

}  // namespace
}  // namespace everform::functions
