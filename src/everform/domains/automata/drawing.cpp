#include "everform/domains/automata/drawing.h"

#include <algorithm>

#include "everform/core/base/error.h"

namespace everform {
namespace {

struct Colour {
  std::uint8_t red;
  std::uint8_t green;
  std::uint8_t blue;
};

constexpr Colour kPaper{255, 255, 255};
constexpr Colour kLine{216, 214, 208};
constexpr Colour kDead{246, 244, 238};
constexpr Colour kAlive{31, 58, 95};
constexpr Colour kWronglyAlive{205, 32, 44};
constexpr Colour kWronglyDead{244, 166, 172};
constexpr std::int64_t kLinedFrom = 4;

void fill(Image& image, std::int64_t left, std::int64_t top, std::int64_t width, std::int64_t height,
          Colour colour) {
  for (std::int64_t y = top; y < top + height; ++y) {
    for (std::int64_t x = left; x < left + width; ++x) {
      std::uint8_t* pixel = image.at(x, y);
      pixel[0] = colour.red;
      pixel[1] = colour.green;
      pixel[2] = colour.blue;
    }
  }
}

/// Pixels of one panel: cells, and the lines around and between them where there are some.
std::int64_t panel_pixels(std::int64_t cells, std::int64_t cell_pixels) {
  return cells * cell_pixels + (cell_pixels >= kLinedFrom ? 1 : 0);
}

/// @param truth where given, wrong cells are marked
void draw_panel(Image& image, std::int64_t left, std::int64_t top, const Grid& grid, const Grid* truth,
                std::int64_t cell_pixels) {
  const std::int64_t line = cell_pixels >= kLinedFrom ? 1 : 0;
  fill(image, left, top, panel_pixels(grid.width(), cell_pixels), panel_pixels(grid.height(), cell_pixels),
       kLine);
  for (std::int64_t y = 0; y < grid.height(); ++y) {
    for (std::int64_t x = 0; x < grid.width(); ++x) {
      const bool alive = grid.at(x, y);
      Colour colour = alive ? kAlive : kDead;
      if (truth != nullptr && truth->at(x, y) != alive) {
        colour = alive ? kWronglyAlive : kWronglyDead;
      }
      fill(image, left + x * cell_pixels + line, top + y * cell_pixels + line, cell_pixels - line,
           cell_pixels - line, colour);
    }
  }
}

Image paper(std::int64_t width, std::int64_t height) {
  Image image(width, height, 3);
  fill(image, 0, 0, width, height, kPaper);
  return image;
}

constexpr std::int64_t kLastStays = 10;

Animation animation_of(std::vector<Image> frames, std::int64_t milliseconds) {
  Animation animation;
  for (Image& frame : frames) {
    animation.frames.push_back({std::move(frame), milliseconds});
  }
  if (!animation.frames.empty()) {
    animation.frames.back().milliseconds = kLastStays * milliseconds;
  }
  return animation;
}

}  // namespace

std::int64_t cell_pixels_for(const Grid& grid) {
  return std::clamp<std::int64_t>(300 / std::max<std::int64_t>({grid.width(), grid.height(), 1}), 2, 40);
}

Image draw_grid(const Grid& grid, std::int64_t cell_pixels) {
  Image image = paper(panel_pixels(grid.width(), cell_pixels), panel_pixels(grid.height(), cell_pixels));
  draw_panel(image, 0, 0, grid, nullptr, cell_pixels);
  return image;
}

Image draw_comparison(const Grid& prediction, const Grid& truth, std::int64_t cell_pixels) {
  if (prediction.width() != truth.width() || prediction.height() != truth.height()) {
    throw Error(ErrorKind::kFailed, "drawing a comparison", "prediction and truth have different sizes");
  }
  const std::int64_t width = panel_pixels(truth.width(), cell_pixels);
  Image image = paper(2 * width + cell_pixels, panel_pixels(truth.height(), cell_pixels));
  draw_panel(image, 0, 0, truth, nullptr, cell_pixels);
  draw_panel(image, width + cell_pixels, 0, prediction, &truth, cell_pixels);
  return image;
}

Image draw_sequence(const std::vector<Grid>& grids, std::int64_t cell_pixels, std::int64_t columns) {
  if (grids.empty() || columns < 1) {
    throw Error(ErrorKind::kFailed, "drawing a sequence", "there is no grid to draw");
  }
  const auto count = static_cast<std::int64_t>(grids.size());
  const std::int64_t across = std::min(count, columns);
  const std::int64_t down = (count + columns - 1) / columns;
  const std::int64_t width = panel_pixels(grids.front().width(), cell_pixels) + cell_pixels;
  const std::int64_t height = panel_pixels(grids.front().height(), cell_pixels) + cell_pixels;
  Image image = paper(across * width - cell_pixels, down * height - cell_pixels);
  for (std::int64_t i = 0; i < count; ++i) {
    const Grid& grid = grids[static_cast<std::size_t>(i)];
    if (grid.width() != grids.front().width() || grid.height() != grids.front().height()) {
      throw Error(ErrorKind::kFailed, "drawing a sequence",
                  "grid " + std::to_string(i) + " has another size than the first");
    }
    draw_panel(image, i % columns * width, i / columns * height, grid, nullptr, cell_pixels);
  }
  return image;
}

Animation animate_run(const std::vector<Grid>& run, std::int64_t cell_pixels, std::int64_t milliseconds) {
  std::vector<Image> frames;
  for (const Grid& grid : run) {
    frames.push_back(draw_grid(grid, cell_pixels));
  }
  return animation_of(std::move(frames), milliseconds);
}

Animation animate_comparison(const std::vector<Grid>& predictions, const std::vector<Grid>& truths,
                             std::int64_t cell_pixels, std::int64_t milliseconds) {
  std::vector<Image> frames;
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    frames.push_back(draw_comparison(predictions[i], truths.at(i), cell_pixels));
  }
  return animation_of(std::move(frames), milliseconds);
}

}  // namespace everform
