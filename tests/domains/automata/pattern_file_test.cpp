#include "everform/domains/automata/pattern_file.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/domains/automata/drawn_cells.h"
#include "everform/domains/automata/life106.h"
#include "everform/domains/automata/random_grids.h"
#include "everform/domains/automata/rle.h"
#include "everform/domains/automata/state_table.h"
#include "everform/domains/automata/step.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

void expect_refused(const std::string& text, const std::string& where, const std::string& part) {
  try {
    decode_pattern(text, "test");
    FAIL() << "was read: " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput) << error.what();
    EXPECT_EQ(error.where(), where) << error.what();
    EXPECT_NE(error.message().find(part), std::string::npos) << error.what();
  }
}

TEST(Rle, IsTheIdentityOnTheBuiltInPatterns) {
  for (const std::string& name : built_in_pattern_names()) {
    const std::string_view rle = built_in_pattern_rle(name);
    EXPECT_EQ(write_rle(read_rle(rle, name)), rle) << name;
  }
}

TEST(Rle, RoundTripsRandomGrids) {
  RandomStream random(5, "test.rle");
  for (int trial = 0; trial < 60; ++trial) {
    Pattern pattern;
    pattern.grid = random_grid(1 + static_cast<std::int64_t>(random.below(90)),
                               1 + static_cast<std::int64_t>(random.below(20)), 0.1 * (trial % 11), random);
    pattern.name = "trial";
    pattern.rule = parse_rule("B36/S23", "test");
    const std::string text = write_rle(pattern);
    const Pattern back = read_rle(text, "test");
    EXPECT_EQ(back.grid, pattern.grid);
    EXPECT_EQ(back.rule, pattern.rule);
    EXPECT_EQ(back.name, "trial");
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find('\n', begin);
      EXPECT_LE(end - begin, 70U);
      begin = end + 1;
    }
  }
}

TEST(Rle, ReadsWhatOtherProgramsWrite) {
  const Pattern glider = decode_pattern(
      "#N Glider\r\n#O Richard K. Guy\r\n#C a comment\r\nx = 3, y = 3\r\nbo$2b\r\no$\r\n3o! after the "
      "end\r\n",
      "test");
  EXPECT_EQ(glider.grid, built_in_pattern("glider").grid);
  EXPECT_EQ(glider.name, "Glider");
  EXPECT_FALSE(glider.rule.has_value());
  EXPECT_EQ(decode_pattern("x=5,y=4,rule=23/3:T9,9\n2$3o!", "test").grid.population(), 3);
}

TEST(Rle, ErrorsNameLineAndColumn) {
  expect_refused("x = 3, y = 3\nbo$2bx$3o!\n", "test:2:6", "'x'");
  expect_refused("x = 3, y = 3\nbo$2bo$4o!\n", "test:2:8", "up to column 4 of row 3");
  expect_refused("x = 3, y = 3\nbo$2bo$3o$o!\n", "test:2:11", "row 4");
  expect_refused("x = 3, y = 3\nbo$2bo$3o\n", "test:2:10", "'!'");
  expect_refused("x = 3, y = 3\nbo$3", "test:2:5", "without the cell");
  expect_refused("x = 3, y = 3\n3 o!", "test:2:2", "' '");
  expect_refused("x = 0, y = 3\n!", "test:1:1", "0 x 3");
  expect_refused("x = 99999999999, y = 3\n!", "test:1:5", "a number over");
  expect_refused("x = 67108864, y = 67108864\n!", "test:1:1", "at most");
  expect_refused("x = 3, y = 3, rule = B9/S\n!", "test:1:22", "'9'");
  expect_refused("x = 3\n!", "test:1:6", "','");
  expect_refused("x = 3, y = 3\n99999999999o!", "test:2:1", "a number over");
  expect_refused("x = 3, y = 3\n60000000$60000000$!", "test:2:18", "far outside");
}

TEST(Life106, RoundTripsAndTakesNegativeCoordinates) {
  EXPECT_EQ(decode_pattern("#Life 1.06\n0 -1\n1 0\n-1 1\n0 1\n1 1\n", "test").grid,
            built_in_pattern("glider").grid);
  for (const std::string& name : built_in_pattern_names()) {
    const Grid grid = built_in_pattern(name).grid;
    EXPECT_EQ(decode_pattern(write_life106(grid), name).grid, grid) << name;
  }
}

TEST(Life106, ErrorsNameLineAndColumn) {
  expect_refused("#Life 1.06\n0 -1\n1 a\n", "test:3:3", "'a'");
  expect_refused("#Life 1.06\n0\n", "test:2:2", "ends");
  expect_refused("#Life 1.06\n0 1 2\n", "test:2:5", "behind");
  expect_refused("#Life 1.06\n0 99999999999\n", "test:2:3", "32 bits");
  expect_refused("#Life 1.06\n-2000000000 0\n2000000000 0\n", "test:3:1", "spans");
  expect_refused("#Life 1.06\n", "test:1:1", "empty grid");
}

TEST(DrawnCells, ReadBothAndNameThePlaceOfErrors) {
  const Pattern glider = decode_pattern("!Name: Glider\n!\n.O\n..O\nOOO\n", "test");
  EXPECT_EQ(glider.grid, built_in_pattern("glider").grid);
  EXPECT_EQ(glider.name, "Glider");
  EXPECT_EQ(decode_pattern("010\n001\n111\n\n", "test").grid, glider.grid);
  EXPECT_EQ(decode_pattern(write_bit_rows(glider.grid), "test").grid, glider.grid);
  EXPECT_EQ(decode_pattern(write_plaintext(glider), "test").grid, glider.grid);

  expect_refused("!\n.O\n.x\n", "test:3:2", "'x'");
  expect_refused("010\n0a1\n", "test:2:2", "'a'");
  expect_refused("010\n01\n", "test:2:3", "2 cells");
  expect_refused("010\n0101\n", "test:2:4", "4 cells");
  expect_refused("010\n\n010\n", "test:2:1", "0 cells");
  expect_refused("!Name: nothing\n", "test:1:1", "empty grid");
  expect_refused("", "test:1:1", "empty");
  expect_refused("hello\n", "test:1:1", "no pattern");
}

TEST(StateTable, RoundTripsAndNamesThePlaceOfErrors) {
  StateTable table;
  for (const std::int64_t side : {2, 5}) {
    RandomStream random(2, "test.table", 0, static_cast<std::uint64_t>(side));
    table.runs.push_back(orbit(random_grid(side, side, 0.4, random), 3));
  }
  EXPECT_EQ(read_state_table(write_state_table(table), "test").runs, table.runs);
  EXPECT_EQ(decode_pattern("State 1,State 2\n0110,0000\n", "test").grid,
            grid_from_cells("0110", 2, 2, "test"));
  EXPECT_EQ(read_state_table("GridSize,State 1\n2,0110ppp\n", "test").runs[0][0],
            grid_from_cells("0110", 2, 2, "test"));

  expect_refused("State 1,State 2\n0110,0200\n", "test:2:7", "'2'");
  expect_refused("State 1,State 3\n0110,0000\n", "test:1:9", "State 2");
  expect_refused("State 1,State 2\n0110\n", "test:2:1", "1 fields");
  expect_refused("State 1\n01101\n", "test:2:1", "not square");
  expect_refused("State 1,State 2\n0110,\n", "test:2:6", "empty grid");
  expect_refused("State 1\n", "test:1:1", "without a row");
  expect_refused("GridSize,State 1\n3,0110\n", "test:2:3", "asks for 9");
  expect_refused("GridSize,State 1\n99999999,0110\n", "test:2:1", "GridSize");
  expect_refused("GridSize,State 1\n2,0110p1\n", "test:2:8", "filling");
}

std::string gunzip(const std::filesystem::path& path) {
  std::string text;
  gzFile file = gzopen(path.c_str(), "rb");
  std::string buffer(1 << 16, '\0');
  for (int n = 0; (n = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0;) {
    text.append(buffer, 0, static_cast<std::size_t>(n));
  }
  gzclose(file);
  return text;
}

TEST(StateTable, OfficialTablesFollowTheRule) {
  const std::filesystem::path folder = test::shared_data("automata-life");
  EVERFORM_NEEDS(folder);
  const StateTable runs = read_state_table(gunzip(folder / "conway_test_states_32by32.csv.gz"), "runs");
  ASSERT_EQ(runs.runs.size(), 10U);
  for (const std::vector<Grid>& run : runs.runs) {
    ASSERT_EQ(run.size(), 250U);
    EXPECT_EQ(orbit(run[0], 249), run);
  }
  const StateTable steps = read_state_table(gunzip(folder / "conway_multi_grid_val.csv.gz"), "steps");
  ASSERT_EQ(steps.runs.size(), 1000U);
  for (const std::vector<Grid>& run : steps.runs) {
    EXPECT_EQ(step(run.at(0)), run.at(1));  // width 2 too: wrapped neighbours count as often as they are met
  }
}

TEST(PatternFile, EveryEndingRoundTrips) {
  const test::TemporaryFolder folder;
  for (const char* name : {"glider", "block", "r-pentomino"}) {
    for (const char* ending : {".rle", ".lif", ".life", ".cells", ".txt", ".csv", ".pbm", ".png"}) {
      const std::filesystem::path path = folder.path() / (std::string(name) + ending);
      write_pattern(path, built_in_pattern(name));
      EXPECT_EQ(read_pattern(path).grid, built_in_pattern(name).grid) << path;
    }
  }
  EXPECT_THROW(write_pattern(folder.path() / "glider.webp", built_in_pattern("glider")), Error);
  EXPECT_THROW(write_pattern(folder.path() / "gun.csv", built_in_pattern("gosper-gun")), Error);
  try {
    read_pattern(folder.path() / "absent.rle");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kMissing);
  }
}

TEST(PatternFile, PicturesAreThresholded) {
  Image image(3, 1, 3);
  image.pixels = {0, 0, 0, 120, 120, 120, 200, 210, 220};
  EXPECT_EQ(cells_text(grid_from_image(image)), "110");
}

TEST(BuiltInPatterns, UnknownNameGetsTheNearest) {
  try {
    built_in_pattern("glidr");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_NE(error.hint().find("glider"), std::string::npos);
  }
}

TEST(PatternFile, SurvivesRandomDamage) {
  const std::vector<std::string> texts = {
      write_rle(built_in_pattern("gosper-gun")), write_life106(built_in_pattern("glider").grid),
      write_plaintext(built_in_pattern("toad")), "State 1,State 2\n0110,0000\n",
      write_bit_rows(built_in_pattern("beacon").grid)};
  RandomStream random(9, "test.damage");
  for (int trial = 0; trial < 20000; ++trial) {
    std::string text = texts[static_cast<std::size_t>(trial) % texts.size()];
    for (std::uint64_t i = 0; i <= random.below(3); ++i) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    try {
      EXPECT_GT(decode_pattern(text, "test").grid.cells(), 0);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kBadInput) << error.what();
    }
  }
}

}  // namespace
}  // namespace everform
