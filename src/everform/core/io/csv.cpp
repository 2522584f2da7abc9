#include "everform/core/io/csv.h"

#include <array>
#include <charconv>
#include <cmath>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform {
namespace {

class CsvParser {
 public:
  CsvParser(std::string_view text, const std::string& name, const CsvOptions& options)
      : text_(text), name_(name), options_(options) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.substr(0, kByteOrderMark.size()) == kByteOrderMark) {
      text_.remove_prefix(kByteOrderMark.size());
    }
  }

  std::vector<std::vector<CsvField>> rows() {
    std::vector<std::vector<CsvField>> result;
    while (at_ < text_.size()) {
      if (skip_line_end()) {
        continue;
      }
      std::vector<CsvField> row = read_row();
      if (!result.empty() && row.size() != result.front().size()) {
        fail(row.front().line, 1,
             "this row has " + std::to_string(row.size()) + " fields, the first has " +
                 std::to_string(result.front().size()));
      }
      result.push_back(std::move(row));
    }
    return result;
  }

 private:
  [[noreturn]] void fail(std::size_t line, std::size_t column, const std::string& message) const {
    throw Error(ErrorKind::kBadInput, name_ + ":" + std::to_string(line) + ":" + std::to_string(column),
                message, "correct that line");
  }

  std::size_t column() const { return at_ - line_begin_ + 1; }

  void start_line() {
    ++line_;
    line_begin_ = at_;
  }

  bool at_line_end() const {
    return text_[at_] == '\n' || (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n');
  }

  bool skip_line_end() {
    if (at_ >= text_.size() || !at_line_end()) {
      return false;
    }
    at_ += text_[at_] == '\r' ? 2 : 1;
    start_line();
    return true;
  }

  std::vector<CsvField> read_row() {
    std::vector<CsvField> row;
    while (true) {
      const bool quoted = options_.quotes && at_ < text_.size() && text_[at_] == '"';
      row.push_back(quoted ? read_quoted() : read_bare());
      if (at_ < text_.size() && text_[at_] == options_.separator) {
        ++at_;
        continue;
      }
      skip_line_end();
      return row;
    }
  }

  CsvField read_bare() {
    CsvField field{"", line_, column()};
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != options_.separator && !at_line_end()) {
      if (options_.quotes && text_[at_] == '"') {
        fail(line_, column(), "a quote stands inside a field that does not begin with one");
      }
      ++at_;
    }
    field.text = text_.substr(begin, at_ - begin);
    return field;
  }

  CsvField read_quoted() {
    CsvField field{"", line_, column()};
    ++at_;
    while (true) {
      if (at_ >= text_.size()) {
        fail(field.line, field.column, "the quote that begins here is never closed");
      }
      const char c = text_[at_++];
      if (c == '\n') {
        start_line();
      }
      if (c != '"') {
        field.text += c;
      } else if (at_ < text_.size() && text_[at_] == '"') {
        field.text += '"';
        ++at_;
      } else {
        break;
      }
    }
    if (at_ < text_.size() && text_[at_] != options_.separator && !at_line_end()) {
      fail(line_, column(), "text stands behind a closing quote");
    }
    return field;
  }

  std::string_view text_;
  const std::string& name_;
  const CsvOptions& options_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t line_begin_ = 0;
};

}  // namespace

CsvOptions csv_options_for(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  if (extension == ".tsv" || extension == ".tab") {
    return {.separator = '\t', .quotes = false};
  }
  return {};
}

CsvTable::CsvTable(std::string name, std::vector<CsvField> header, std::vector<std::vector<CsvField>> rows)
    : name_(std::move(name)), header_(std::move(header)), rows_(std::move(rows)) {}

std::optional<std::size_t> CsvTable::find_column(std::string_view name) const {
  for (std::size_t i = 0; i < header_.size(); ++i) {
    if (header_[i].text == name) {
      return i;
    }
  }
  return std::nullopt;
}

std::size_t CsvTable::column(std::string_view name) const {
  if (const auto found = find_column(name)) {
    return *found;
  }
  std::vector<std::string> names;
  for (const CsvField& field : header_) {
    names.push_back(printable(field.text, 40));
  }
  throw Error(ErrorKind::kBadInput, "reading " + name_,
              "there is no column \"" + printable(std::string(name), 60) + "\"", suggestion(name, names));
}

double CsvTable::number(std::size_t row, std::size_t column) const {
  const std::string& value = text(row, column);
  double result = 0.0;
  const char* end = value.data() + value.size();
  const auto [stop, code] = std::from_chars(value.data(), end, result);
  if (code != std::errc() || stop != end || !std::isfinite(result)) {
    fail(row, column, "\"" + printable(value, 60) + "\" is no finite number");
  }
  return result;
}

void CsvTable::fail(std::size_t row, std::size_t column, const std::string& message,
                    const std::string& hint) const {
  const CsvField& place = field(row, column);
  const std::string in = header_.empty() ? "" : " (column " + printable(header_[column].text, 40) + ")";
  throw Error(ErrorKind::kBadInput,
              name_ + ":" + std::to_string(place.line) + ":" + std::to_string(place.column), message + in,
              hint);
}

CsvTable parse_csv(std::string_view text, const std::string& name, const CsvOptions& options) {
  std::vector<std::vector<CsvField>> rows = CsvParser(text, name, options).rows();
  std::vector<CsvField> header;
  if (options.header) {
    if (rows.empty()) {
      throw Error(ErrorKind::kBadInput, "reading " + name, "it is empty; a row of column names is needed");
    }
    header = std::move(rows.front());
    rows.erase(rows.begin());
  }
  return CsvTable(name, std::move(header), std::move(rows));
}

CsvTable read_csv(const std::filesystem::path& path) {
  return read_csv(path, csv_options_for(path));
}

CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  return parse_csv(read_file(path), path.string(), options);
}

std::string csv_row(std::span<const std::string> fields, char separator) {
  std::string line;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::string& field = fields[i];
    line += i == 0 ? "" : std::string(1, separator);
    // A single empty field would read back as a blank line, and blank lines are skipped.
    const bool lonely = fields.size() == 1 && field.empty();
    if (!lonely && field.find_first_of(std::string("\"\r\n") + separator) == std::string::npos) {
      line += field;
      continue;
    }
    line += '"';
    for (const char c : field) {
      line += c == '"' ? "\"\"" : std::string(1, c);
    }
    line += '"';
  }
  return line + '\n';
}

std::string csv_number(double value) {
  std::array<char, 32> buffer{};
  const auto [end, code] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return std::string(buffer.data(), end);
}

}  // namespace everform
