// Tables as text: CSV as RFC 4180 writes it, and TSV. Strict, with the place of every fault.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace everform {

struct CsvOptions {
  char separator = ',';
  /// Fields may stand in double quotes, with "" for a quote inside. Off, a quote is a character like any
  /// other (TSV).
  bool quotes = true;
  /// The first row names the columns.
  bool header = true;
};

/// Tab without quotes for ".tsv" and ".tab", else the default.
CsvOptions csv_options_for(const std::filesystem::path& path);

/// A field and where it begins (1-based, columns in bytes).
struct CsvField {
  std::string text;
  std::size_t line = 0;
  std::size_t column = 0;
};

/// A rectangular table of texts.
class CsvTable {
 public:
  CsvTable(std::string name, std::vector<CsvField> header, std::vector<std::vector<CsvField>> rows);

  /// Empty where the options say that there is none.
  const std::vector<CsvField>& header() const { return header_; }
  std::size_t rows() const { return rows_.size(); }
  std::size_t columns() const {
    return header_.empty() ? (rows_.empty() ? 0 : rows_.front().size()) : header_.size();
  }

  /// Index of a column by its name. Throws Error{kBadInput} with the names that are there where it is absent.
  std::size_t column(std::string_view name) const;
  std::optional<std::size_t> find_column(std::string_view name) const;

  const CsvField& field(std::size_t row, std::size_t column) const { return rows_[row][column]; }
  const std::string& text(std::size_t row, std::size_t column) const { return rows_[row][column].text; }
  /// A finite number. Throws Error{kBadInput} at FILE:LINE:COLUMN where the field is none.
  double number(std::size_t row, std::size_t column) const;

  /// An error at a field: where is FILE:LINE:COLUMN, the message names the column.
  [[noreturn]] void fail(std::size_t row, std::size_t column, const std::string& message,
                         const std::string& hint = "") const;

 private:
  std::string name_;
  std::vector<CsvField> header_;
  std::vector<std::vector<CsvField>> rows_;
};

/// Parses a table. A leading byte order mark, CRLF line ends and blank lines are accepted; rows of differing
/// length, a quote inside a bare field, text behind a closing quote and a quote that is never closed are
/// Error{kBadInput} at NAME:LINE:COLUMN.
/// @param name what the text is called in messages
CsvTable parse_csv(std::string_view text, const std::string& name, const CsvOptions& options = {});
/// Throws kMissing where the file is absent.
CsvTable read_csv(const std::filesystem::path& path);
CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options);

/// One line of CSV with its newline; fields are quoted where they must be.
std::string csv_row(std::span<const std::string> fields, char separator = ',');
/// The shortest decimal that reads back to the same value.
std::string csv_number(double value);

}  // namespace everform
