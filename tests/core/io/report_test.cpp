#include "everform/core/io/report.h"

#include <gtest/gtest.h>

#include <limits>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/csv.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

Report sample(bool quick) {
  Report report("demo", "A demonstration", 3, quick);
  report.claim({.id = "1",
                .claim = "accuracy",
                .figure = 0.97,
                .baseline = 0.5,
                .bar = 0.95,
                .interval = Interval{0.96, 0.98}});
  report.compare({.id = "2b",
                  .claim = "bits per byte | held out",
                  .figure = 0.9,
                  .baseline = 1.0,
                  .relation = "<=",
                  .bar = 0.8});
  report.check("3", "identities", 4, 4);
  report.add(Comparison{.title = "Held-out text",
                        .metric = "bits per byte",
                        .higher_is_better = false,
                        .variants = {{.name = "n-gram", .figure = 2.0, .baseline = true},
                                     {.name = "model", .figure = 0.9, .interval = Interval{0.85, 0.95}},
                                     {.name = "worse model", .figure = 2.5}}});
  report.add(ReportTable{.title = "Sizes", .columns = {"name", "bytes"}, .rows = {{"a", "12"}}});
  report.note("Protocol: none.");
  return report;
}

TEST(Claims, RelationsDecideAndNanNeverHolds) {
  EXPECT_TRUE((Claim{.figure = 2, .relation = ">=", .bar = 2}.holds()));
  EXPECT_FALSE((Claim{.figure = 2, .relation = ">", .bar = 2}.holds()));
  EXPECT_TRUE((Claim{.figure = 1, .relation = "<", .bar = 2}.holds()));
  EXPECT_TRUE((Claim{.figure = 2, .relation = "<=", .bar = 2}.holds()));
  EXPECT_TRUE((Claim{.figure = 2, .relation = "==", .bar = 2}.holds()));
  for (const char* relation : {">=", "<=", ">", "<", "=="}) {
    EXPECT_FALSE(
        (Claim{.figure = std::numeric_limits<double>::quiet_NaN(), .relation = relation, .bar = 0}.holds()));
  }
  EXPECT_THROW((Claim{.relation = "=>"}.holds()), Error);
}

TEST(Report, QuickTakesTheBaselineAsBar) {
  Report full = sample(false);
  EXPECT_FALSE(full.all_hold());
  EXPECT_EQ(full.claims()[1].bar, 0.8);
  Report quick = sample(true);
  EXPECT_TRUE(quick.all_hold());
  EXPECT_EQ(quick.claims()[1].bar, 1.0);
  EXPECT_EQ(quick.claims()[0].bar, 0.95);
  EXPECT_THROW(full.compare({.id = "9", .figure = 1}), Error);
}

TEST(Report, WritesTheContractsJson) {
  const test::TemporaryFolder folder;
  Report report = sample(true);
  const ActionResult result = report.finish(folder.path() / "out");
  EXPECT_EQ(result.exit_status, 0);
  EXPECT_EQ(result.json.at("system"), "demo");
  EXPECT_EQ(result.json.at("seed"), 3);
  EXPECT_EQ(result.json.at("quick"), true);
  EXPECT_GE(result.json.at("seconds").get<double>(), 0.0);
  const nlohmann::json& claim = result.json.at("claims").at(0);
  for (const char* key : {"id", "claim", "figure", "baseline", "relation", "bar", "holds"}) {
    EXPECT_TRUE(claim.contains(key)) << key;
  }
  EXPECT_EQ(claim.at("interval"), nlohmann::json({0.96, 0.98}));
  EXPECT_TRUE(result.json.at("claims").at(2).at("baseline").is_null());
  EXPECT_TRUE(std::filesystem::exists(result.json.at("report").get<std::string>()));
  ASSERT_EQ(result.json.at("pictures").size(), 1U);
  for (const auto& picture : result.json.at("pictures")) {
    EXPECT_TRUE(std::filesystem::exists(picture.get<std::string>())) << picture;
  }

  Report failing = sample(false);
  const ActionResult failed = failing.finish(folder.path() / "failed");
  EXPECT_EQ(failed.exit_status, 1);
  EXPECT_FALSE(failed.json.contains("quick"));
  EXPECT_NE(failed.text.find("FAILS  2b"), std::string::npos);
}

TEST(Report, FilesHoldEveryClaimAndNameTheLosers) {
  const test::TemporaryFolder folder;
  Report report = sample(false);
  report.write(folder.path());
  const std::string text = read_file(folder.path() / "report.md");
  EXPECT_NE(text.find("| 1 | accuracy | 0.97 | [0.96, 0.98] | 0.5 | >= 0.95 | yes |"), std::string::npos)
      << text;
  EXPECT_NE(text.find("| 2b | bits per byte \\| held out | 0.9 |  | 1 | <= 0.8 | **no** |"),
            std::string::npos)
      << text;
  const std::size_t lost = text.find("## Variants that lost");
  ASSERT_NE(lost, std::string::npos);
  EXPECT_NE(text.find("worse model, 2.5 against 2", lost), std::string::npos);
  EXPECT_EQ(text.find("- Held-out text: model", lost), std::string::npos);

  const CsvTable table = read_csv(folder.path() / "figures.csv");
  ASSERT_EQ(table.rows(), 6U);
  EXPECT_EQ(table.text(1, table.column("name")), "2b");
  EXPECT_EQ(table.number(1, table.column("figure")), 0.9);
  EXPECT_EQ(table.text(1, table.column("holds")), "0");
  EXPECT_EQ(table.number(4, table.column("baseline")), 2.0);
}

TEST(Report, TablesAreRectangular) {
  EXPECT_EQ(markdown({.title = "T", .columns = {"a", "b"}, .rows = {{"1", "x|y"}}}),
            "## T\n\n| a | b |\n| --- | --- |\n| 1 | x\\|y |\n");
  EXPECT_THROW(markdown({.title = "T", .columns = {"a", "b"}, .rows = {{"1"}}}), Error);
}

TEST(Report, FiguresForPeople) {
  EXPECT_EQ(format_figure(134515008), "134515008");
  EXPECT_EQ(format_figure(0.123456), "0.1235");
  EXPECT_EQ(format_figure(-2), "-2");
  EXPECT_EQ(format_figure(std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(Report, FolderIsNeverOverwrittenUnasked) {
  const test::TemporaryFolder folder;
  SystemCard card;
  card.name = "demo";
  ActionRequest request;
  request.card = &card;
  request.common.out = (folder.path() / "out").string();
  EXPECT_EQ(report_folder(request), request.common.out);
  write_file(folder.path() / "out" / "mine.txt", "keep");
  EXPECT_THROW(report_folder(request), Error);
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "out" / "mine.txt"));
  request.common.yes = true;
  report_folder(request);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "out" / "mine.txt"));
}

}  // namespace
}  // namespace everform
