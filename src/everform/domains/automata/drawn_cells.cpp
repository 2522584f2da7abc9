#include "everform/domains/automata/drawn_cells.h"

#include <algorithm>

#include "everform/domains/automata/text_lines.h"

namespace everform {
namespace {

/// The grid of rows drawn with two characters; `width` cells each, shorter rows end dead.
Grid grid_from_rows(const std::vector<TextLine>& rows, char dead, char alive, const std::string& where) {
  std::size_t width = 0;
  for (const TextLine& row : rows) {
    width = std::max(width, row.text.size());
  }
  if (width == 0) {
    fail_at(where, rows.empty() ? 1 : rows.front().number, 1, "no cells: an empty grid");
  }
  const auto columns = static_cast<std::int64_t>(width);
  const auto height = static_cast<std::int64_t>(rows.size());
  if (!Grid::fits(columns, height)) {
    fail_at(where, rows.front().number, 1,
            std::to_string(columns) + " x " + std::to_string(height) + " cells; at most " +
                std::to_string(Grid::kMaxCells) + " are read");
  }
  Grid grid(columns, height);
  for (std::size_t y = 0; y < rows.size(); ++y) {
    for (std::size_t x = 0; x < rows[y].text.size(); ++x) {
      const char cell = rows[y].text[x];
      if (cell != dead && cell != alive) {
        fail_at(where, rows[y].number, x + 1,
                quoted_character(cell) + " where a cell " + std::string(1, dead) + " or " +
                    std::string(1, alive) + " should be");
      }
      grid.set(static_cast<std::int64_t>(x), static_cast<std::int64_t>(y), cell == alive);
    }
  }
  return grid;
}

std::string drawn(const Grid& grid, char dead, char alive) {
  std::string out;
  for (std::int64_t y = 0; y < grid.height(); ++y) {
    for (std::int64_t x = 0; x < grid.width(); ++x) {
      out.push_back(grid.at(x, y) ? alive : dead);
    }
    out.push_back('\n');
  }
  return out;
}

}  // namespace

Pattern read_plaintext(std::string_view text, const std::string& where) {
  constexpr std::string_view kName = "!Name:";
  Pattern pattern;
  std::vector<TextLine> rows;
  for (const TextLine& line : split_lines(text)) {
    if (line.text.starts_with(kName)) {
      const std::string_view name = line.text.substr(kName.size());
      pattern.name = name.substr(std::min(name.find_first_not_of(' '), name.size()));
    } else if (!line.text.starts_with('!')) {
      rows.push_back(line);
    }
  }
  pattern.grid = grid_from_rows(rows, '.', 'O', where);
  return pattern;
}

std::string write_plaintext(const Pattern& pattern) {
  return "!Name: " + pattern.name + "\n!\n" + drawn(pattern.grid, '.', 'O');
}

Pattern read_bit_rows(std::string_view text, const std::string& where) {
  std::vector<TextLine> rows = split_lines(text);
  while (!rows.empty() && rows.back().text.empty()) {
    rows.pop_back();
  }
  Pattern pattern;
  pattern.grid = grid_from_rows(rows, '0', '1', where);
  for (const TextLine& row : rows) {
    if (row.text.size() != rows.front().text.size()) {
      const std::size_t wanted = rows.front().text.size();
      fail_at(where, row.number, std::min(row.text.size(), wanted) + 1,
              "a row of " + std::to_string(row.text.size()) + " cells; the rows before have " +
                  std::to_string(wanted));
    }
  }
  return pattern;
}

std::string write_bit_rows(const Grid& grid) {
  return drawn(grid, '0', '1');
}

}  // namespace everform
