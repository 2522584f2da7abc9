#include "everform/domains/automata/life106.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "everform/domains/automata/text_lines.h"

namespace everform {
namespace {

struct Cell {
  std::int64_t x = 0;
  std::int64_t y = 0;
};

/// Reads one coordinate at `at` and moves on behind it.
std::int64_t coordinate(const TextLine& line, std::size_t& at, const std::string& where) {
  while (at < line.text.size() && (line.text[at] == ' ' || line.text[at] == '\t')) {
    ++at;
  }
  std::int32_t value = 0;
  const char* begin = line.text.data() + at;
  const auto [end, error] = std::from_chars(begin, line.text.data() + line.text.size(), value);
  if (error == std::errc::result_out_of_range) {
    fail_at(where, line.number, at + 1, "a coordinate outside 32 bits");
  }
  if (error != std::errc()) {
    fail_at(where, line.number, at + 1,
            at < line.text.size() ? quoted_character(line.text[at]) + " where a coordinate should be"
                                  : "the line ends where a coordinate should be",
            "each line is \"x y\", the place of a live cell");
  }
  at += static_cast<std::size_t>(end - begin);
  return value;
}

Cell read_cell(const TextLine& line, const std::string& where) {
  std::size_t at = 0;
  Cell cell;
  cell.x = coordinate(line, at, where);
  cell.y = coordinate(line, at, where);
  const std::size_t rest = line.text.find_first_not_of(" \t", at);
  if (rest != std::string_view::npos) {
    fail_at(where, line.number, rest + 1, quoted_character(line.text[rest]) + " behind the two coordinates");
  }
  return cell;
}

}  // namespace

Pattern read_life106(std::string_view text, const std::string& where) {
  const std::vector<TextLine> lines = split_lines(text);
  if (lines.empty() || !lines[0].text.starts_with("#Life 1.06")) {
    fail_at(where, 1, 1, "the first line of a Life 1.06 file is \"#Life 1.06\"");
  }
  std::vector<Cell> cells;
  Cell low{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::max()};
  Cell high{std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::min()};
  for (const TextLine& line : lines) {
    if (line.text.find_first_not_of(" \t") == std::string_view::npos || line.text[0] == '#') {
      continue;
    }
    cells.push_back(read_cell(line, where));
    const Cell& cell = cells.back();
    low = {std::min(low.x, cell.x), std::min(low.y, cell.y)};
    high = {std::max(high.x, cell.x), std::max(high.y, cell.y)};
    if (!Grid::fits(high.x - low.x + 1, high.y - low.y + 1)) {
      fail_at(where, line.number, 1,
              "with this cell the pattern spans " + std::to_string(high.x - low.x + 1) + " x " +
                  std::to_string(high.y - low.y + 1) + " cells; at most " + std::to_string(Grid::kMaxCells) +
                  " are read");
    }
  }
  if (cells.empty()) {
    fail_at(where, lines.back().number, 1, "no live cell: an empty grid");
  }
  Pattern pattern;
  pattern.grid = Grid(high.x - low.x + 1, high.y - low.y + 1);
  for (const Cell& cell : cells) {
    pattern.grid.set(cell.x - low.x, cell.y - low.y, true);
  }
  return pattern;
}

std::string write_life106(const Grid& grid) {
  std::string out = "#Life 1.06\n";
  for (std::int64_t y = 0; y < grid.height(); ++y) {
    for (std::int64_t x = 0; x < grid.width(); ++x) {
      if (grid.at(x, y)) {
        out += std::to_string(x) + " " + std::to_string(y) + "\n";
      }
    }
  }
  return out;
}

}  // namespace everform
