#include "everform/domains/automata/drawing.h"

#include <gtest/gtest.h>

#include "everform/core/base/error.h"
#include "everform/domains/automata/pattern.h"
#include "everform/domains/automata/step.h"

namespace everform {
namespace {

std::vector<int> pixel(const Image& image, std::int64_t x, std::int64_t y) {
  return {image.at(x, y)[0], image.at(x, y)[1], image.at(x, y)[2]};
}

TEST(Drawing, EachCellHasItsColour) {
  Grid grid(3, 2);
  grid.set(1, 0, true);
  const Image image = draw_grid(grid, 5);
  ASSERT_EQ(image.width, 16);
  ASSERT_EQ(image.height, 11);
  const auto dead = pixel(image, 2, 2);
  const auto alive = pixel(image, 7, 2);
  EXPECT_LT(alive[0], 64);
  EXPECT_GT(dead[0], 192);
  for (std::int64_t y = 0; y < 2; ++y) {
    for (std::int64_t x = 0; x < 3; ++x) {
      EXPECT_EQ(pixel(image, 5 * x + 2, 5 * y + 3), grid.at(x, y) ? alive : dead);
    }
  }
  EXPECT_NE(pixel(image, 5, 2), dead);     // a line
  EXPECT_EQ(draw_grid(grid, 2).width, 6);  // none below 4 pixels a cell
}

TEST(Drawing, ComparisonMarksWrongCellsOnTheRight) {
  Grid truth(2, 1);
  truth.set(0, 0, true);
  Grid prediction(2, 1);
  prediction.set(1, 0, true);
  const Image image = draw_comparison(prediction, truth, 10);
  const std::int64_t right = 21 + 10;
  EXPECT_EQ(pixel(image, 5, 5), pixel(draw_grid(truth, 10), 5, 5));
  const auto wrongly_dead = pixel(image, right + 5, 5);
  const auto wrongly_alive = pixel(image, right + 15, 5);
  EXPECT_GT(wrongly_alive[0], 2 * wrongly_alive[1]);
  EXPECT_NE(wrongly_alive, wrongly_dead);
  EXPECT_NE(wrongly_dead, pixel(draw_grid(prediction, 10), 5, 5));
  EXPECT_EQ(draw_comparison(truth, truth, 10).at(right + 5, 5)[2], draw_grid(truth, 10).at(5, 5)[2]);
  EXPECT_THROW(draw_comparison(Grid(3, 1), truth, 10), Error);
}

TEST(Drawing, RunsBecomeFramesAndRows) {
  const auto run = orbit(placed_in_middle(built_in_pattern("glider").grid, 6, 6), 6);
  const Animation animation = animate_run(run, 8, 120);
  ASSERT_EQ(animation.frames.size(), 7U);
  EXPECT_EQ(animation.frames[3].image, draw_grid(run[3], 8));
  EXPECT_EQ(animation.frames[3].milliseconds, 120);
  EXPECT_GT(animation.frames[6].milliseconds, 120);
  EXPECT_EQ(animate_comparison(run, run, 8, 120).frames[2].image, draw_comparison(run[2], run[2], 8));

  const Image rows = draw_sequence(run, 8, 4);
  EXPECT_EQ(rows.width, 4 * 49 + 3 * 8);
  EXPECT_EQ(rows.height, 2 * 49 + 8);
  EXPECT_EQ(pixel(rows, 57 * 2 + 20, 57 + 20), pixel(draw_grid(run[6], 8), 20, 20));
  EXPECT_THROW(draw_sequence({}, 8, 4), Error);
}

TEST(Drawing, CellsFitAPicture) {
  EXPECT_EQ(cell_pixels_for(Grid(6, 6)), 40);
  EXPECT_EQ(cell_pixels_for(Grid(32, 32)), 9);
  EXPECT_EQ(cell_pixels_for(Grid(1000, 10)), 2);
}

}  // namespace
}  // namespace everform
