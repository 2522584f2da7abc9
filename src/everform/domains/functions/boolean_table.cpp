#include "everform/domains/functions/boolean_table.h"

#include <optional>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/core/io/csv.h"
#include "everform/domains/functions/arff.h"

namespace everform::functions {

namespace {

constexpr const char* kSequenceColumn = "sequence";

CsvTable parse_table(const std::string& text, const std::string& name) {
  const std::filesystem::path path = name;
  return path.extension() == ".arff" ? parse_arff(text, name) : parse_csv(text, name, csv_options_for(path));
}

bool read_bit(const CsvTable& table, std::size_t row, std::size_t column) {
  const std::string& text = table.text(row, column);
  if (text != "0" && text != "1") {
    table.fail(
        row, column,
        "row " + std::to_string(row + 1) + " has " + printable("\"" + text + "\"", 40) + ", not 0 or 1");
  }
  return text == "1";
}

/// The columns that are coordinates: all but the last and the one that numbers the sequences.
std::vector<std::size_t> coordinate_columns(const CsvTable& table, const std::string& name) {
  const std::optional<std::size_t> numbering = table.find_column(kSequenceColumn);
  std::vector<std::size_t> columns;
  for (std::size_t c = 0; c + 1 < table.columns(); ++c) {
    if (c != numbering) {
      columns.push_back(c);
    }
  }
  if (columns.empty() || columns.size() > static_cast<std::size_t>(kMostDimensions)) {
    throw Error(ErrorKind::kBadInput, "reading " + name,
                std::to_string(columns.size()) + " columns beside the label, not 1 to " +
                    std::to_string(kMostDimensions));
  }
  return columns;
}

void check_one_sequence(const CsvTable& table, std::size_t first, std::size_t row, std::size_t column) {
  if (table.text(row, column) != table.text(first, column)) {
    table.fail(row, column,
               "a block of rows that began with sequence " + printable(table.text(first, column), 40) +
                   " goes on with " + printable(table.text(row, column), 40),
               "give the number of rows of a sequence with --points");
  }
}

}  // namespace

std::vector<LabelledSequence> read_sequences(const std::filesystem::path& path, int points) {
  return parse_sequences(read_file(path), path.string(), points);
}

std::vector<LabelledSequence> parse_sequences(const std::string& text, const std::string& name, int points) {
  const CsvTable table = parse_table(text, name);
  const std::vector<std::size_t> coordinates = coordinate_columns(table, name);
  const std::optional<std::size_t> numbering = table.find_column(kSequenceColumn);
  const auto block = static_cast<std::size_t>(points);
  if (points < 1 || table.rows() < block) {
    throw Error(ErrorKind::kBadInput, "reading " + name,
                std::to_string(table.rows()) + " rows do not fill one sequence of " + std::to_string(points) +
                    " points",
                "give fewer --points");
  }
  std::vector<LabelledSequence> sequences;
  for (std::size_t first = 0; first + block <= table.rows(); first += block) {
    LabelledSequence sequence{.dimensions = static_cast<int>(coordinates.size())};
    for (std::size_t row = first; row < first + block; ++row) {
      Point x = 0;
      for (std::size_t j = 0; j < coordinates.size(); ++j) {
        x |= static_cast<Point>(read_bit(table, row, coordinates[j])) << j;
      }
      if (numbering) {
        check_one_sequence(table, first, row, *numbering);
      }
      sequence.points.push_back(x);
      sequence.labels.push_back(read_bit(table, row, table.columns() - 1) ? std::int8_t{1} : std::int8_t{-1});
    }
    sequences.push_back(std::move(sequence));
  }
  if (const std::size_t left = table.rows() % block; left != 0) {
    log_warning(name + ": the last " + std::to_string(left) + " rows do not fill a sequence of " +
                std::to_string(points) + " points and are left out");
  }
  return sequences;
}

std::string sequences_csv(std::span<const LabelledSequence> sequences) {
  std::string text = kSequenceColumn;
  for (int j = 1; !sequences.empty() && j <= sequences.front().dimensions; ++j) {
    text += ",x" + std::to_string(j);
  }
  text += ",label\n";
  for (std::size_t s = 0; s < sequences.size(); ++s) {
    const LabelledSequence& sequence = sequences[s];
    const std::string number = std::to_string(s);
    for (std::size_t i = 0; i < sequence.points.size(); ++i) {
      text += number;
      for (int j = 0; j < sequence.dimensions; ++j) {
        text += ((sequence.points[i] >> j) & 1U) != 0 ? ",1" : ",0";
      }
      text += sequence.labels[i] > 0 ? ",1\n" : ",0\n";
    }
  }
  return text;
}

}  // namespace everform::functions
