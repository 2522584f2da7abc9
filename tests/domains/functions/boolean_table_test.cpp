#include "everform/domains/functions/boolean_table.h"

#include <gtest/gtest.h>

#include <fstream>

#include "everform/core/base/error.h"
#include "everform/domains/functions/arff.h"
#include "everform/domains/functions/function_prompt.h"
#include "everform/domains/functions/law_checks.h"
#include "everform/domains/functions/task_law.h"
#include "tests/support/shared_data.h"

namespace everform::functions {
namespace {

class BooleanTable : public testing::Test {
 protected:
  std::vector<LabelledSequence> read(const std::string& name, const std::string& text, int points) {
    const auto file = folder_.path() / name;
    std::ofstream(file) << text;
    return read_sequences(file, points);
  }

  /// The place that the error of reading `text` names, behind the file's name.
  std::string place_of_error(const std::string& name, const std::string& text, int points = 2) {
    try {
      read(name, text, points);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
      const std::size_t at = error.where().find(name);
      return at == std::string::npos ? error.where() : error.where().substr(at + name.size());
    }
    return "no error";
  }

  test::TemporaryFolder folder_;
};

TEST_F(BooleanTable, BlocksOfRowsAreSequences) {
  const auto sequences = read("t.csv", "a,b,label\n1,0,1\n0,0,0\n1,1,1\n0,1,0\n1,1,0\n", 2);
  ASSERT_EQ(sequences.size(), 2U) << "the fifth row is left over";
  EXPECT_EQ(sequences[0].points, (std::vector<Point>{0b01, 0b00}));
  EXPECT_EQ(sequences[0].labels, (std::vector<std::int8_t>{1, -1}));
  EXPECT_EQ(sequences[1].points, (std::vector<Point>{0b11, 0b10}));
  EXPECT_EQ(sequences[1].dimensions, 2);
}

TEST_F(BooleanTable, ArffHoldsTheSame) {
  const auto sequences =
      read("t.arff",
           "% a comment\n@RELATION 'my table'\n\n@attribute 'first one' {0,1}\n@attribute b NUMERIC\r\n"
           "@attribute label {0, 1}\n@Data\n1,0,1 % here too\n0, 0 ,0\n\n",
           2);
  ASSERT_EQ(sequences.size(), 1U);
  EXPECT_EQ(sequences[0].points, (std::vector<Point>{0b01, 0b00}));
  EXPECT_EQ(sequences[0].labels, (std::vector<std::int8_t>{1, -1}));
}

TEST_F(BooleanTable, WhatIsWrittenReadsBack) {
  std::vector<LabelledSequence> sequences;
  const auto law = make_task_law("conjunction", {.dimensions = 7, .points = 12});
  for (std::uint64_t item = 0; item < 5; ++item) {
    RandomStream random(0, "t", 0, item);
    sequences.push_back(law->draw(random));
  }
  EXPECT_EQ(read("t.csv", sequences_csv(sequences), 12), sequences);
  EXPECT_EQ(place_of_error("t.csv", sequences_csv(sequences), 10), ":14:1")
      << "sequence 1 begins inside a block of 10";
}

TEST_F(BooleanTable, NamesThePlaceOfEveryFault) {
  EXPECT_EQ(place_of_error("t.csv", "a,label\n1,0\n1,2\n"), ":3:3");
  EXPECT_EQ(place_of_error("t.csv", "a,label\n1,0\n,1\n"), ":3:1");
  EXPECT_EQ(place_of_error("t.csv", "a,label\n1,0\n1\n").substr(0, 2), ":3");
  EXPECT_EQ(place_of_error("t.csv", "a,label\n1,yes\n1,0\n"), ":2:3");
  EXPECT_NE(place_of_error("t.csv", "label\n1\n0\n"), "no error");
  EXPECT_NE(place_of_error("t.csv", "a,label\n1,0\n"), "no error") << "one row is less than a sequence";
  EXPECT_NE(place_of_error("t.csv", ""), "no error");
  std::string wide;
  for (int j = 0; j < 66; ++j) {
    wide += "x,";
  }
  EXPECT_NE(place_of_error("t.csv", wide + "label\n"), "no error");
}

TEST_F(BooleanTable, NamesThePlaceOfArffFaults) {
  const std::string head = "@relation r\n@attribute a {0,1}\n@attribute b {0,1}\n@data\n";
  EXPECT_EQ(place_of_error("t.arff", head + "1,0\n1,?\n"), ":6:3");
  EXPECT_EQ(place_of_error("t.arff", head + "1,0\n1\n").substr(0, 3), ":6:");
  EXPECT_EQ(place_of_error("t.arff", head + "1,0,1\n1,0\n").substr(0, 3), ":5:");
  EXPECT_EQ(place_of_error("t.arff", head + "{0 1}\n").substr(0, 3), ":5:");
  EXPECT_EQ(place_of_error("t.arff", head + "1 0\n").substr(0, 3), ":5:");
  EXPECT_EQ(place_of_error("t.arff", head + "1,'0\n").substr(0, 3), ":5:");
  EXPECT_EQ(place_of_error("t.arff", "@attribute a string\n").substr(0, 3), ":1:");
  EXPECT_EQ(place_of_error("t.arff", "@attribute\n").substr(0, 3), ":1:");
  EXPECT_EQ(place_of_error("t.arff", "@data\n").substr(0, 3), ":1:");
  EXPECT_EQ(place_of_error("t.arff", "nonsense\n").substr(0, 3), ":1:");
  EXPECT_NE(place_of_error("t.arff", "@relation r\n@attribute a {0,1}\n"), "no error");
}

TEST_F(BooleanTable, RandomBytesAreRefusedWithoutHarm) {
  RandomStream random(0, "noise");
  for (int trial = 0; trial < 500; ++trial) {
    std::string text = trial % 2 == 0 ? "@relation r\n@attribute a {0,1}\n@attribute b real\n@data\n" : "";
    for (std::uint64_t i = random.below(60); i > 0; --i) {
      text += "@{}%'\",01\n\\ \t?ad\xFF"[random.below(17)];
    }
    try {
      parse_arff(text, "noise");
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    }
  }
}

TEST_F(BooleanTable, EveryCheckOfBadTablesPasses) {
  const CheckCount bad = check_bad_tables();
  EXPECT_GE(bad.run, 12U);
  EXPECT_EQ(bad.passed, bad.run);
}

TEST_F(BooleanTable, AbsentFileIsMissing) {
  try {
    read_sequences(folder_.path() / "absent.csv", 2);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kMissing);
  }
}

TEST(FunctionPrompt, ShowsExamplesAndAsks) {
  const LabelledSequence sequence{.dimensions = 3, .points = {0b101, 0b010}, .labels = {1, -1}};
  EXPECT_EQ(query_text(sequence, 0), "Input: 1 0 1\nLabel:");
  EXPECT_EQ(example_text(sequence, 1), "Input: 0 1 0\nLabel: 0\n\n");
  EXPECT_EQ(function_prompt(sequence, 1),
            std::string(kFunctionInstruction) + "\n\nInput: 1 0 1\nLabel: 1\n\nInput: 0 1 0\nLabel:");
}

}  // namespace
}  // namespace everform::functions
