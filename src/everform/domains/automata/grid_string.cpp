#include "everform/domains/automata/grid_string.h"

#include <algorithm>

#include "everform/core/base/error.h"

namespace everform {
namespace {

constexpr char kFilling = 'p';

}  // namespace

std::string GridString::cells(const Grid& grid) const {
  std::string text = cells_text(grid);
  if (padded_cells > 0) {
    if (grid.cells() > padded_cells) {
      throw Error(
          ErrorKind::kUsage, "writing a grid as text",
          std::to_string(grid.cells()) + " cells; the model's strings hold " + std::to_string(padded_cells));
    }
    text.append(static_cast<std::size_t>(padded_cells - grid.cells()), kFilling);
  }
  return text;
}

std::string GridString::prompt(const Grid& now) const {
  return std::string(kOpening) + cells(now) + kBetween[0];
}

std::string GridString::sample(const Grid& now, const Grid& next) const {
  return std::string(kOpening).append(cells(now)).append(kBetween).append(cells(next)).append(kClosing);
}

std::int64_t GridString::prompt_bytes(std::int64_t cells) const {
  return static_cast<std::int64_t>(kOpening.size()) + std::max(cells, padded_cells) + 1;
}

std::int64_t GridString::sample_bytes(std::int64_t cells) const {
  return static_cast<std::int64_t>(kOpening.size() + kBetween.size() + kClosing.size()) +
         2 * std::max(cells, padded_cells);
}

std::string answer_cells(std::string_view generated) {
  const std::size_t open = generated.find('[');
  if (open == std::string_view::npos) {
    return "";
  }
  const std::string_view rest = generated.substr(open + 1);
  return std::string(rest.substr(0, rest.find(']')));
}

Grid answer_grid(std::string_view generated, const GridString& strings, std::int64_t width,
                 std::int64_t height) {
  const std::string where = "reading the model's answer";
  const std::string cells = answer_cells(generated);
  const std::int64_t length = std::max(width * height, strings.padded_cells);
  if (static_cast<std::int64_t>(cells.size()) != length) {
    throw Error(ErrorKind::kFailed, where,
                "\"" + printable(std::string(generated), 60) + "\" holds " + std::to_string(cells.size()) +
                    " cells between its brackets, not " + std::to_string(length),
                "train the model for longer, or sample at temperature 0");
  }
  try {
    return grid_from_cells(std::string_view(cells).substr(0, static_cast<std::size_t>(width * height)), width,
                           height, where);
  } catch (const Error& error) {
    throw Error(ErrorKind::kFailed, where, error.message(),
                "train the model for longer, or sample at temperature 0");
  }
}

std::pair<Grid, Grid> parse_sample(std::string_view text, const GridString& strings, std::int64_t width,
                                   std::int64_t height, const std::string& where) {
  if (static_cast<std::int64_t>(text.size()) != strings.sample_bytes(width * height)) {
    throw Error(ErrorKind::kBadInput, where,
                std::to_string(text.size()) + " bytes; the string of such a step has " +
                    std::to_string(strings.sample_bytes(width * height)));
  }
  std::size_t at = 0;
  const auto expect = [&](std::string_view part) {
    if (text.substr(at, part.size()) != part) {
      throw Error(ErrorKind::kBadInput, where + ":1:" + std::to_string(at + 1),
                  "\"" + printable(std::string(text.substr(at, part.size()))) + "\" where \"" +
                      std::string(part) + "\" should be");
    }
    at += part.size();
  };
  const auto grid = [&] {
    const auto cells = static_cast<std::size_t>(width * height);
    const auto length = std::max(cells, static_cast<std::size_t>(strings.padded_cells));
    const Grid read =
        grid_from_cells(text.substr(at, cells), width, height, where + ":1:" + std::to_string(at + 1));
    at += cells;
    expect(std::string(length - cells, kFilling));
    return read;
  };
  expect(GridString::kOpening);
  Grid now = grid();
  expect(GridString::kBetween);
  Grid next = grid();
  expect(GridString::kClosing);
  return {std::move(now), std::move(next)};
}

}  // namespace everform
