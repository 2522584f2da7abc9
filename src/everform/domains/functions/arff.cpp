#include "everform/domains/functions/arff.h"

#include <algorithm>
#include <cctype>

#include "everform/core/base/error.h"

namespace everform::functions {

namespace {

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

/// Reads one line from left to right and knows where it is.
class Line {
 public:
  Line(const std::string& name, std::string_view text, std::size_t number)
      : name_(name), text_(text), number_(number) {}

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool at_end() {
    skip_blanks();
    return at_ >= text_.size() || text_[at_] == '%';
  }
  bool take(char c) {
    skip_blanks();
    const bool there = at_ < text_.size() && text_[at_] == c;
    at_ += there ? 1 : 0;
    return there;
  }

  /// A word that ends before a blank or one of `ends`, or a quoted text.
  CsvField word(std::string_view ends) {
    skip_blanks();
    CsvField field{.text = "", .line = number_, .column = at_ + 1};
    if (at_ < text_.size() && (text_[at_] == '\'' || text_[at_] == '"')) {
      field.text = quoted();
      return field;
    }
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ' ' && text_[at_] != '\t' && text_[at_] != '\r' &&
           ends.find(text_[at_]) == std::string_view::npos) {
      ++at_;
    }
    field.text = text_.substr(begin, at_ - begin);
    return field;
  }

  [[noreturn]] void fail(const std::string& message, const std::string& hint = "") const {
    throw Error(ErrorKind::kBadInput, name_ + ":" + std::to_string(number_) + ":" + std::to_string(at_ + 1),
                message, hint);
  }

 private:
  std::string quoted() {
    const char quote = text_[at_];
    std::string value;
    for (++at_; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        ++at_;
      }
      value += text_[at_];
    }
    if (at_ >= text_.size()) {
      fail("a quote is opened in this line and never closed");
    }
    ++at_;
    return value;
  }

  const std::string& name_;
  std::string_view text_;
  std::size_t number_;
  std::size_t at_ = 0;
};

CsvField parse_attribute(Line& line) {
  CsvField attribute = line.word("{");
  if (attribute.text.empty()) {
    line.fail("an attribute without a name");
  }
  if (line.take('{')) {
    return attribute;
  }
  const CsvField type = line.word("%");
  const auto is = [&](std::string_view word) { return same_word(type.text, word); };
  if (!is("numeric") && !is("integer") && !is("real")) {
    line.fail("attribute " + printable(attribute.text) + " has the type " + printable(type.text, 40) +
                  ", not numeric, integer, real or {0,1}",
              "leave the attribute out of the file");
  }
  return attribute;
}

std::vector<CsvField> parse_row(Line& line, std::size_t columns) {
  if (line.take('{')) {
    line.fail("a sparse row", "write every value, separated by commas");
  }
  std::vector<CsvField> row;
  do {
    row.push_back(line.word(",%"));
  } while (line.take(','));
  if (!line.at_end()) {
    line.fail("text behind the value " + printable(row.back().text, 40), "separate values by commas");
  }
  if (row.size() != columns) {
    line.fail("a row of " + std::to_string(row.size()) + " values, not " + std::to_string(columns) +
              " as the attributes");
  }
  return row;
}

}  // namespace

CsvTable parse_arff(std::string_view text, const std::string& name) {
  std::vector<CsvField> attributes;
  std::vector<std::vector<CsvField>> rows;
  bool in_data = false;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    Line line(name, text.substr(begin, end - begin), ++number);
    begin = end + 1;
    if (line.at_end()) {
      continue;
    }
    if (in_data) {
      rows.push_back(parse_row(line, attributes.size()));
      continue;
    }
    const CsvField keyword = line.word("");
    if (same_word(keyword.text, "@attribute")) {
      attributes.push_back(parse_attribute(line));
    } else if (same_word(keyword.text, "@data")) {
      if (attributes.empty()) {
        line.fail("@data before any @attribute");
      }
      in_data = true;
    } else if (!same_word(keyword.text, "@relation")) {
      line.fail(printable(keyword.text, 40) + " where @relation, @attribute or @data belongs");
    }
  }
  if (!in_data) {
    throw Error(ErrorKind::kBadInput, name, "an ARFF file without @data");
  }
  return {name, std::move(attributes), std::move(rows)};
}

}  // namespace everform::functions
