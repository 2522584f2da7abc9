#include "everform/core/io/csv.h"

#include <gtest/gtest.h>

#include <limits>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

/// The place and message of the error that parsing gives, "" for none.
std::string fault(std::string_view text, const CsvOptions& options = {}) {
  try {
    parse_csv(text, "t.csv", options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    return error.where() + " " + error.message();
  }
  return "";
}

TEST(Csv, ReadsQuotedFieldsAndPlaces) {
  const CsvTable table = parse_csv(
      "\xEF\xBB\xBF"
      "name,note\r\n\r\n\"a \"\"b\"\"\",\"two\nlines\"\nx,\n",
      "t.csv");
  ASSERT_EQ(table.rows(), 2U);
  EXPECT_EQ(table.text(0, 0), "a \"b\"");
  EXPECT_EQ(table.text(0, table.column("note")), "two\nlines");
  EXPECT_EQ(table.text(1, 1), "");
  EXPECT_EQ(table.field(0, 1).line, 3U);
  EXPECT_EQ(table.field(0, 1).column, 11U);
  EXPECT_EQ(table.field(1, 0).line, 5U);
}

TEST(Csv, NumbersAreFiniteAndWhole) {
  const CsvTable table = parse_csv("x,y\n1.5e3,nan\n2x,-0.25\n", "t.csv");
  EXPECT_EQ(table.number(0, 0), 1500.0);
  EXPECT_EQ(table.number(1, 1), -0.25);
  for (const auto& [row, column, where] : {std::tuple{0, 1, "t.csv:2:7"}, std::tuple{1, 0, "t.csv:3:1"}}) {
    try {
      table.number(static_cast<std::size_t>(row), static_cast<std::size_t>(column));
      ADD_FAILURE() << "no error at " << where;
    } catch (const Error& error) {
      EXPECT_EQ(error.where(), where);
    }
  }
}

TEST(Csv, FaultsNameTheirPlace) {
  EXPECT_EQ(fault("a,b\n1,2,3\n"), "t.csv:2:1 this row has 3 fields, the first has 2");
  EXPECT_EQ(fault("a,b\n1,x\"y\n"), "t.csv:2:4 a quote stands inside a field that does not begin with one");
  EXPECT_EQ(fault("a,b\n1,\"x\"y\n"), "t.csv:2:6 text stands behind a closing quote");
  EXPECT_EQ(fault("a,b\n1,\"x\n\n"), "t.csv:2:3 the quote that begins here is never closed");
  EXPECT_EQ(fault(""), "reading t.csv it is empty; a row of column names is needed");
  EXPECT_EQ(fault("a\n1\n"), "");
}

TEST(Csv, UnknownColumnsSuggestTheNearest) {
  const CsvTable table = parse_csv("smiles,logp\nC,1\n", "t.csv");
  try {
    table.column("smile");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(error.hint().find("smiles"), std::string::npos);
  }
}

TEST(Csv, TabSeparatedTextTakesQuotesAsTheyAre) {
  const CsvTable table = parse_csv("a\tb\n\"x\t5\" nails\n", "t.tsv", csv_options_for("t.tsv"));
  EXPECT_EQ(table.text(0, 0), "\"x");
  EXPECT_EQ(table.text(0, 1), "5\" nails");
}

TEST(Csv, WhatIsWrittenReadsBack) {
  const std::string alphabet = "ab\",\r\n;x ";
  for (std::uint64_t item = 0; item < 300; ++item) {
    RandomStream random(7, "csv", 0, item);
    const std::size_t columns = 1 + random.below(4);
    std::string text;
    std::vector<std::vector<std::string>> rows(random.below(5), std::vector<std::string>(columns));
    for (auto& row : rows) {
      for (std::string& field : row) {
        field.resize(random.below(6));
        for (char& c : field) {
          c = alphabet[random.below(alphabet.size())];
        }
      }
      text += csv_row(row);
    }
    const CsvTable table = parse_csv(text, "t.csv", {.header = false});
    ASSERT_EQ(table.rows(), rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      for (std::size_t column = 0; column < columns; ++column) {
        ASSERT_EQ(table.text(row, column), rows[row][column]);
      }
    }
  }
}

TEST(Csv, NumbersAreWrittenShortAndExact) {
  EXPECT_EQ(csv_number(0.1), "0.1");
  EXPECT_EQ(csv_number(-3.0), "-3");
  EXPECT_EQ(csv_number(1.0 / 3.0), "0.3333333333333333");
}

TEST(Csv, AbsentFilesAreMissing) {
  try {
    read_csv("no-such-table.csv");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kMissing);
  }
}

}  // namespace
}  // namespace everform
