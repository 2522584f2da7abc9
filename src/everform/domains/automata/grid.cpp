#include "everform/domains/automata/grid.h"

#include <bit>

#include "everform/core/base/error.h"

namespace everform {
namespace {

std::string size_text(std::int64_t width, std::int64_t height) {
  return std::to_string(width) + " x " + std::to_string(height);
}

}  // namespace

bool Grid::fits(std::int64_t width, std::int64_t height) {
  return width >= 1 && height >= 1 && width <= kMaxCells && height <= kMaxCells / ((width + 63) / 64 * 64);
}

Grid::Grid(std::int64_t width, std::int64_t height) : width_(width), height_(height) {
  if (!fits(width, height)) {
    throw Error(ErrorKind::kBadInput, "making a grid",
                size_text(width, height) + " cells; a grid has at least one and at most " +
                    std::to_string(kMaxCells) + " (rows count as multiples of 64)");
  }
  words_ = (width + 63) / 64;
  bits_.assign(static_cast<std::size_t>(words_ * height), 0);
}

void Grid::set(std::int64_t x, std::int64_t y, bool alive) {
  std::uint64_t& word = bits_[static_cast<std::size_t>(y * words_ + x / 64)];
  const std::uint64_t bit = std::uint64_t{1} << (x % 64);
  word = alive ? word | bit : word & ~bit;
}

std::span<const std::uint64_t> Grid::row(std::int64_t y) const {
  return std::span(bits_).subspan(static_cast<std::size_t>(y * words_), static_cast<std::size_t>(words_));
}

std::span<std::uint64_t> Grid::row(std::int64_t y) {
  return std::span(bits_).subspan(static_cast<std::size_t>(y * words_), static_cast<std::size_t>(words_));
}

std::int64_t Grid::population() const {
  std::int64_t count = 0;
  for (const std::uint64_t word : bits_) {
    count += std::popcount(word);
  }
  return count;
}

std::string cells_text(const Grid& grid) {
  std::string text;
  text.reserve(static_cast<std::size_t>(grid.cells()));
  for (std::int64_t y = 0; y < grid.height(); ++y) {
    for (std::int64_t x = 0; x < grid.width(); ++x) {
      text.push_back(grid.at(x, y) ? '1' : '0');
    }
  }
  return text;
}

Grid grid_from_cells(std::string_view cells, std::int64_t width, std::int64_t height,
                     const std::string& where) {
  Grid grid(width, height);
  if (static_cast<std::int64_t>(cells.size()) != grid.cells()) {
    throw Error(ErrorKind::kBadInput, where,
                std::to_string(cells.size()) + " cells; a grid of " + size_text(width, height) + " has " +
                    std::to_string(grid.cells()));
  }
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      const char cell = cells[static_cast<std::size_t>(y * width + x)];
      if (cell != '0' && cell != '1') {
        throw Error(ErrorKind::kBadInput, where,
                    "'" + printable(std::string(1, cell)) + "' as cell " + std::to_string(y * width + x + 1) +
                        " (row " + std::to_string(y + 1) + ", column " + std::to_string(x + 1) +
                        "); a cell is 0 or 1");
      }
      grid.set(x, y, cell == '1');
    }
  }
  return grid;
}

Grid placed_in_middle(const Grid& pattern, std::int64_t width, std::int64_t height) {
  if (pattern.width() > width || pattern.height() > height) {
    throw Error(ErrorKind::kUsage, "placing a pattern",
                size_text(pattern.width(), pattern.height()) + " cells do not fit a grid of " +
                    size_text(width, height),
                "take a larger grid or a smaller pattern");
  }
  Grid grid(width, height);
  const std::int64_t left = (width - pattern.width()) / 2;
  const std::int64_t top = (height - pattern.height()) / 2;
  for (std::int64_t y = 0; y < pattern.height(); ++y) {
    for (std::int64_t x = 0; x < pattern.width(); ++x) {
      grid.set(left + x, top + y, pattern.at(x, y));
    }
  }
  return grid;
}

std::int64_t differing_cells(const Grid& a, const Grid& b) {
  if (a.width() != b.width() || a.height() != b.height()) {
    throw Error(ErrorKind::kFailed, "comparing grids",
                size_text(a.width(), a.height()) + " against " + size_text(b.width(), b.height()) + " cells");
  }
  std::int64_t count = 0;
  for (std::int64_t y = 0; y < a.height(); ++y) {
    for (std::size_t word = 0; word < a.row(y).size(); ++word) {
      count += std::popcount(a.row(y)[word] ^ b.row(y)[word]);
    }
  }
  return count;
}

}  // namespace everform
