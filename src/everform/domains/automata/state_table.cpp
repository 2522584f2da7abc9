#include "everform/domains/automata/state_table.h"

#include <charconv>
#include <cmath>

#include "everform/core/base/error.h"
#include "everform/domains/automata/text_lines.h"

namespace everform {
namespace {

struct Field {
  std::string_view text;
  std::size_t column = 1;
};

std::vector<Field> split_fields(std::string_view line) {
  std::vector<Field> fields;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = line.find(',', begin);
    fields.push_back({line.substr(begin, end == std::string_view::npos ? end : end - begin), begin + 1});
    if (end == std::string_view::npos) {
      return fields;
    }
    begin = end + 1;
  }
}

class StateTableReader {
 public:
  explicit StateTableReader(const std::string& where) : where_(where) {}

  StateTable read(std::string_view text) {
    const std::vector<TextLine> lines = split_lines(text);
    if (lines.empty()) {
      fail_at(where_, 1, 1, "an empty table");
    }
    read_header(lines[0]);
    StateTable table;
    for (std::size_t i = 1; i < lines.size(); ++i) {
      if (!lines[i].text.empty()) {
        table.runs.push_back(read_run(lines[i]));
      }
    }
    if (table.runs.empty()) {
      fail_at(where_, lines.size(), 1, "a header without a row of states");
    }
    return table;
  }

 private:
  void read_header(const TextLine& line) {
    const std::vector<Field> fields = split_fields(line.text);
    sized_ = fields[0].text == "GridSize";
    for (std::size_t i = sized_ ? 1 : 0; i < fields.size(); ++i) {
      const std::string wanted = "State " + std::to_string(++states_);
      if (fields[i].text != wanted) {
        fail_at(where_, line.number, fields[i].column,
                "column \"" + printable(std::string(fields[i].text), 40) + "\" where \"" + wanted +
                    "\" should be",
                "the header is: State 1,State 2,... (a column GridSize may stand before)");
      }
    }
    if (states_ == 0) {
      fail_at(where_, line.number, 1, "no column \"State 1\"");
    }
  }

  std::vector<Grid> read_run(const TextLine& line) const {
    const std::vector<Field> fields = split_fields(line.text);
    const std::size_t wanted = states_ + (sized_ ? 1 : 0);
    if (fields.size() != wanted) {
      fail_at(where_, line.number, 1,
              std::to_string(fields.size()) + " fields; the header has " + std::to_string(wanted));
    }
    const std::int64_t side = sized_ ? grid_size(line, fields[0]) : 0;
    std::vector<Grid> run;
    for (std::size_t i = sized_ ? 1 : 0; i < fields.size(); ++i) {
      run.push_back(read_state(line, fields[i], side));
    }
    return run;
  }

  std::int64_t grid_size(const TextLine& line, const Field& field) const {
    std::int64_t side = 0;
    const char* end = field.text.data() + field.text.size();
    const auto [rest, error] = std::from_chars(field.text.data(), end, side);
    if (error != std::errc() || rest != end || !Grid::fits(side, side)) {
      fail_at(where_, line.number, field.column,
              "GridSize \"" + printable(std::string(field.text), 40) + "\" is no side of a grid");
    }
    return side;
  }

  /// @param side 0: the root of the state's length
  Grid read_state(const TextLine& line, const Field& field, std::int64_t side) const {
    const auto length = static_cast<std::int64_t>(field.text.size());
    if (side == 0) {
      side = std::llround(std::sqrt(static_cast<double>(length)));
      if (length == 0 || side * side != length) {
        fail_at(
            where_, line.number, field.column,
            length == 0 ? "an empty grid" : "a state of " + std::to_string(length) + " cells is not square");
      }
    }
    if (side * side > length) {
      fail_at(where_, line.number, field.column,
              "a state of " + std::to_string(length) + " cells; GridSize " + std::to_string(side) +
                  " asks for " + std::to_string(side * side));
    }
    Grid grid(side, side);
    for (std::int64_t i = 0; i < length; ++i) {
      const char c = field.text[static_cast<std::size_t>(i)];
      const bool cell = i < side * side;
      if (cell ? c != '0' && c != '1' : c != 'p') {
        fail_at(where_, line.number, field.column + static_cast<std::size_t>(i),
                quoted_character(c) +
                    (cell ? " where a cell 0 or 1 should be" : " where the filling 'p' should be"));
      }
      if (cell) {
        grid.set(i % side, i / side, c == '1');
      }
    }
    return grid;
  }

  const std::string& where_;
  bool sized_ = false;
  std::size_t states_ = 0;
};

}  // namespace

StateTable read_state_table(std::string_view text, const std::string& where) {
  return StateTableReader(where).read(text);
}

std::string write_state_table(const StateTable& table) {
  const auto refuse = [](const std::string& message) {
    throw Error(ErrorKind::kUsage, "writing a table of states", message,
                "the table holds square grids, as many in each run");
  };
  const std::size_t states = table.runs.empty() ? 0 : table.runs.front().size();
  if (states == 0) {
    refuse("there is no state to write");
  }
  std::string out = "GridSize";
  for (std::size_t i = 1; i <= states; ++i) {
    out += ",State " + std::to_string(i);
  }
  out += "\n";
  for (const std::vector<Grid>& run : table.runs) {
    if (run.size() != states) {
      refuse("a run of " + std::to_string(run.size()) + " states beside one of " + std::to_string(states));
    }
    out += std::to_string(run.front().width());
    for (const Grid& grid : run) {
      if (grid.width() != grid.height() || grid.width() != run.front().width()) {
        refuse("a grid of " + std::to_string(grid.width()) + " x " + std::to_string(grid.height()) +
               " cells");
      }
      out += "," + cells_text(grid);
    }
    out += "\n";
  }
  return out;
}

}  // namespace everform
