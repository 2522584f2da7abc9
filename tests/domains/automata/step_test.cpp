#include "everform/domains/automata/step.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/domains/automata/pattern.h"
#include "everform/domains/automata/random_grids.h"

namespace everform {
namespace {

Grid on_torus(const std::string& name, std::int64_t side) {
  return placed_in_middle(built_in_pattern(name).grid, side, side);
}

Grid moved(const Grid& grid, std::int64_t right, std::int64_t down) {
  Grid out(grid.width(), grid.height());
  for (std::int64_t y = 0; y < grid.height(); ++y) {
    for (std::int64_t x = 0; x < grid.width(); ++x) {
      out.set((x + right) % grid.width(), (y + down) % grid.height(), grid.at(x, y));
    }
  }
  return out;
}

TEST(Step, EqualsTheReferenceOnEveryWidthRuleAndEdge) {
  RandomStream random(1, "test.step");
  const std::vector<std::pair<std::int64_t, std::int64_t>> sizes = {
      {1, 1},  {1, 7},  {2, 2},  {2, 5},   {3, 3},   {6, 6},  {31, 9},
      {63, 3}, {64, 4}, {65, 5}, {127, 2}, {128, 6}, {200, 3}};
  for (const auto& [width, height] : sizes) {
    for (int trial = 0; trial < 12; ++trial) {
      const Rule rule{static_cast<std::uint16_t>(random.below(512)),
                      static_cast<std::uint16_t>(random.below(512))};
      const Grid grid = random_grid(width, height, 0.1 * (trial % 11), random);
      for (const Edge edge : {Edge::kTorus, Edge::kDead}) {
        ASSERT_EQ(step(grid, rule, edge), step_reference(grid, rule, edge))
            << width << "x" << height << " " << rule_text(rule);
      }
    }
  }
}

TEST(Step, CountsEveryNumberOfNeighbours) {
  for (int n = 0; n <= 8; ++n) {
    Grid grid(70, 3);  // the middle cell lies beside a word's border
    for (int i = 0; i < n; ++i) {
      const int place = i < 4 ? i : i + 1;
      grid.set(63 + place % 3, place / 3, true);
    }
    for (int birth = 0; birth <= 8; ++birth) {
      EXPECT_EQ(step(grid, {static_cast<std::uint16_t>(1 << birth), 0}, Edge::kDead).at(64, 1), n == birth);
    }
  }
}

TEST(Step, BlockIsStillAndBlinkerHasPeriodTwo) {
  EXPECT_EQ(step(on_torus("block", 6)), on_torus("block", 6));
  const Grid blinker = on_torus("blinker", 6);
  EXPECT_NE(step(blinker), blinker);
  EXPECT_EQ(orbit(blinker, 2).back(), blinker);
  for (const char* name : {"toad", "beacon"}) {
    EXPECT_NE(step(on_torus(name, 8)), on_torus(name, 8)) << name;
    EXPECT_EQ(orbit(on_torus(name, 8), 2).back(), on_torus(name, 8)) << name;
  }
}

TEST(Step, GliderComesBackAfterFourGenerationsACell) {
  for (const std::int64_t side : {6, 9, 32, 65}) {
    const Grid glider = on_torus("glider", side);
    EXPECT_EQ(orbit(glider, 4).back(), moved(glider, 1, 1));
    EXPECT_EQ(orbit(glider, 4 * side).back(), glider);
    EXPECT_NE(orbit(glider, 4 * side - 4).back(), glider);
  }
}

TEST(Step, OtherClassicsBehaveAsIsKnown) {
  const Grid ship = on_torus("lwss", 20);
  EXPECT_EQ(orbit(ship, 4).back(), moved(ship, 18, 0));  // two cells to the left
  const Grid gun = placed_in_middle(built_in_pattern("gosper-gun").grid, 80, 80);
  EXPECT_EQ(built_in_pattern("gosper-gun").grid.population(), 36);
  EXPECT_EQ(orbit(gun, 30, {}, Edge::kDead).back().population(), 36 + 5);  // a glider every 30 generations
  const Grid pentomino = placed_in_middle(built_in_pattern("r-pentomino").grid, 600, 600);
  EXPECT_EQ(orbit(pentomino, 1103, {}, Edge::kDead).back().population(), 116);  // it is stable then
}

TEST(Step, DeadEdgeDiffersFromTorus) {
  Grid corner(5, 5);
  corner.set(0, 0, true);
  corner.set(4, 4, true);
  corner.set(0, 4, true);
  EXPECT_TRUE(step(corner).at(4, 0));
  EXPECT_FALSE(step(corner, {}, Edge::kDead).at(4, 0));
  EXPECT_EQ(parse_edge("torus"), Edge::kTorus);
  EXPECT_EQ(parse_edge("dead"), Edge::kDead);
  EXPECT_THROW(parse_edge("klein"), Error);
}

TEST(Rule, ReadsBothNotationsAndWritesOne) {
  EXPECT_EQ(parse_rule("B3/S23", "test"), Rule());
  EXPECT_EQ(parse_rule("b3/s23", "test"), Rule());
  EXPECT_EQ(parse_rule("23/3", "test"), Rule());
  EXPECT_EQ(parse_rule("B3/S23:T32,32", "test"), Rule());
  EXPECT_EQ(rule_text(parse_rule("B36/S23", "test")), "B36/S23");
  EXPECT_EQ(rule_text(parse_rule("B/S012345678", "test")), "B/S012345678");
  EXPECT_EQ(rule_text(parse_rule("/2", "test")), "B2/S");
  EXPECT_TRUE(parse_rule("B0/S", "test").next(false, 0));
}

TEST(Rule, ErrorsNameTheColumn) {
  const auto message = [](const char* text) {
    try {
      parse_rule(text, "test");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      EXPECT_EQ(error.where(), "test");
      return error.message();
    }
    return std::string("no error");
  };
  EXPECT_NE(message("B39/S23").find("column 3: '9'"), std::string::npos);
  EXPECT_NE(message("B3S23").find("column 3: 'S'"), std::string::npos);
  EXPECT_NE(message("B3/23").find("column 4: 'S' should"), std::string::npos);
  EXPECT_NE(message("B33/S23").find("stands twice"), std::string::npos);
  EXPECT_NE(message("").find("column 1"), std::string::npos);
  EXPECT_NE(message("B3").find("column 3: '/'"), std::string::npos);
  EXPECT_NE(message("life").find("column 1"), std::string::npos);
}

TEST(RandomGrids, FollowTheirOrderParameter) {
  RandomStream random(3, "test.grids");
  EXPECT_EQ(random_grid(30, 30, 0.0, random).population(), 0);
  EXPECT_EQ(random_grid(30, 30, 1.0, random).population(), 900);
  EXPECT_NEAR(static_cast<double>(random_grid(300, 300, 0.3, random).population()) / 90000, 0.3, 0.01);
  EXPECT_EQ(order_parameter(OrderRange::kBroad, 0, 11), 0.0);
  EXPECT_EQ(order_parameter(OrderRange::kBroad, 5, 11), 0.5);
  EXPECT_EQ(order_parameter(OrderRange::kBroad, 10, 11), 1.0);
  EXPECT_EQ(order_parameter(OrderRange::kHigh, 10, 11), 0.5);
  EXPECT_THROW(parse_order_range("low"), Error);
  EXPECT_THROW(random_grid(3, 3, 1.5, random), Error);
}

}  // namespace
}  // namespace everform
