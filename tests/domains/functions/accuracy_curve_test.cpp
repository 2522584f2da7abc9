#include "everform/domains/functions/accuracy_curve.h"

#include <gtest/gtest.h>

#include <cmath>

#include "everform/core/io/csv.h"

namespace everform::functions {
namespace {

std::vector<LabelledSequence> two_sequences() {
  return {{.dimensions = 2, .points = {0, 1, 2, 3}, .labels = {1, -1, 1, -1}, .scored_from = 1},
          {.dimensions = 2, .points = {0, 1, 2, 3}, .labels = {-1, -1, -1, 1}, .scored_from = 1}};
}

TEST(AccuracyCurve, CountsWhatIsScored) {
  const auto sequences = two_sequences();
  const AccuracyCurve curve = learner_curve("null", sequences);
  EXPECT_EQ(curve.points(), 4U);
  EXPECT_TRUE(std::isnan(curve.at(0)));
  EXPECT_EQ(curve.at(1), 1.0);
  EXPECT_EQ(curve.at(2), 0.5);
  EXPECT_EQ(curve.last_quarter(), 0.5);
  EXPECT_DOUBLE_EQ(curve.mean(), 4.0 / 6.0);
  EXPECT_TRUE(curve.interval(2).contains(0.5));
  EXPECT_LT(curve.interval(2).low, 0.2);
}

TEST(AccuracyCurve, LooksRightAfterEachLesson) {
  std::vector<LabelledSequence> sequences = two_sequences();
  sequences[0].taught = 2;
  sequences[1].taught = 4;  // nothing is left behind it
  sequences.push_back(sequences[0]);
  sequences.back().taught = 3;
  const auto judge = [](const LabelledSequence&) { return std::vector<bool>{false, false, true, false}; };
  EXPECT_EQ(accuracy_after_lessons(sequences, judge), 0.5);
}

TEST(AccuracyCurve, FullRankIsWhereAParityIsKnown) {
  // Points 1 and 2 span two coordinates: indices 2 and 3 count.
  const std::vector<LabelledSequence> sequences = {
      {.dimensions = 2, .points = {1, 2, 3, 0}, .labels = {1, 1, -1, -1}, .scored_from = 0}};
  EXPECT_EQ(accuracy_at_full_rank("gf2", sequences), 1.0);
  EXPECT_EQ(accuracy_at_full_rank("null", sequences), 1.0);
}

TEST(AccuracyCurve, LargestDistanceSkipsWhatIsNotCounted) {
  AccuracyCurve curve("c", 4);
  curve.add(1, true);
  curve.add(2, false);
  curve.add(2, true);
  EXPECT_EQ(curve.largest_distance(0.5, 0), 0.5);
  EXPECT_EQ(curve.largest_distance(0.5, 2), 0.0);
}

TEST(AccuracyCurve, WritesTableAndPicture) {
  const auto sequences = two_sequences();
  const std::vector<AccuracyCurve> curves = {learner_curve("nn1", sequences),
                                             learner_curve("null", sequences)};
  const CsvTable table = parse_csv(curves_csv(curves), "curves");
  EXPECT_EQ(table.rows(), 4U);
  EXPECT_EQ(table.number(2, table.column("null")), 0.5);
  EXPECT_EQ(table.text(0, table.column("nn1")), "");
  EXPECT_EQ(table.number(3, table.column("nn1 count")), 2.0);
  const std::string svg = curves_svg("t", curves);
  EXPECT_NE(svg.find(">nn1</text>"), std::string::npos);
  EXPECT_NE(svg.find("line c1 dashed"), std::string::npos);
}

}  // namespace
}  // namespace everform::functions
