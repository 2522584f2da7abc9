#include "everform/core/io/svg_chart.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>

#include "everform/core/base/error.h"
#include "everform/core/io/loss_curve.h"
#include "everform/core/io/svg_markup.h"
#include "tests/support/shared_data.h"

namespace everform {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) {
    ++found;
  }
  return found;
}

/// A slow check that tags nest and close, attributes are quoted and no bare & or < is left: well-formed
/// enough for an XML parser.
void expect_well_formed(const std::string& svg) {
  std::vector<std::string> open;
  for (std::size_t at = 0; at < svg.size(); ++at) {
    if (svg[at] == '&') {
      const std::size_t end = svg.find(';', at);
      ASSERT_LT(end - at, 8U) << svg.substr(at, 20);
    }
    if (svg[at] != '<') {
      continue;
    }
    const std::size_t end = svg.find('>', at);
    ASSERT_NE(end, std::string::npos);
    const std::string tag = svg.substr(at + 1, end - at - 1);
    ASSERT_EQ(tag.find('<'), std::string::npos) << tag;
    ASSERT_EQ(std::count(tag.begin(), tag.end(), '"') % 2, 0) << tag;
    const std::string name =
        tag.substr(tag[0] == '/' ? 1 : 0, tag.find_first_of(" />", 1) - (tag[0] == '/' ? 1 : 0));
    if (tag[0] == '/') {
      ASSERT_FALSE(open.empty());
      ASSERT_EQ(open.back(), tag.substr(1));
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
    at = end;
  }
  ASSERT_TRUE(open.empty());
}

Chart simple_chart() {
  return {.title = "Accuracy",
          .x = {.label = "examples"},
          .y = {.label = "share right"},
          .series = {{.name = "model",
                      .x = {0, 5, 10},
                      .y = {0.5, 0.8, 1.0},
                      .low = {0.4, 0.7, 0.9},
                      .high = {0.6, 0.9, 1.0}},
                     {.name = "baseline", .x = {0, 10}, .y = {0.5, 0.5}, .dashed = true}}};
}

std::vector<double> tick_values(const ChartScale& scale) {
  std::vector<double> values;
  for (const ChartTick& tick : scale.ticks()) {
    values.push_back(tick.value);
  }
  return values;
}

std::vector<std::string> tick_labels(const ChartScale& scale) {
  std::vector<std::string> labels;
  for (const ChartTick& tick : scale.ticks()) {
    labels.push_back(tick.label);
  }
  return labels;
}

TEST(SvgMarkup, EscapesWhatXmlGivesMeaningTo) {
  EXPECT_EQ(svg_escape("a<b & \"c\" > 'd'"), "a&lt;b &amp; &quot;c&quot; &gt; &#39;d&#39;");
  EXPECT_EQ(svg_escape("\xCE\xB1\xE2\x89\xA4 1"), "\xCE\xB1\xE2\x89\xA4 1");
  EXPECT_EQ(svg_escape(std::string("\x01\xFF\x00", 3)), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(SvgMarkup, WritesShortNumbers) {
  EXPECT_EQ(svg_number(12.5), "12.5");
  EXPECT_EQ(svg_number(3.0), "3");
  EXPECT_EQ(svg_number(-0.001), "0");
  EXPECT_EQ(svg_number(1.0 / 3.0, 4), "0.3333");
  EXPECT_EQ(svg_number(kNan), "0");
  EXPECT_EQ(svg_number(kInfinity), "10000000");
}

TEST(ChartScale, TicksAreRound) {
  const ChartScale scale({}, 0.03, 0.97, 5, true);
  EXPECT_EQ(tick_labels(scale), (std::vector<std::string>{"0", "0.2", "0.4", "0.6", "0.8", "1"}));
  EXPECT_DOUBLE_EQ(scale.position(0.5), 0.5);
  const ChartScale steps({}, 0, 15000, 5, false);
  EXPECT_EQ(tick_labels(steps), (std::vector<std::string>{"0", "5k", "10k", "15k"}));
  EXPECT_DOUBLE_EQ(steps.maximum(), 15000);
}

TEST(ChartScale, LogarithmicTicksArePowers) {
  const ChartScale scale({.logarithmic = true}, 1e-4, 10, 6, false);
  EXPECT_EQ(tick_labels(scale), (std::vector<std::string>{"0.0001", "0.001", "0.01", "0.1", "1", "10"}));
  EXPECT_NEAR(scale.position(0.01), 0.4, 1e-12);
  const ChartScale narrow({.logarithmic = true}, 1, 10, 6, false);
  EXPECT_EQ(tick_values(narrow), (std::vector<double>{1, 2, 5, 10}));
}

TEST(ChartScale, OddRangesStillHaveTicks) {
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{{0, 0},
                                                                        {5, 5},
                                                                        {-3, -3},
                                                                        {1, 0},
                                                                        {-1e308, 1e308},
                                                                        {1e-320, 2e-320},
                                                                        {1e17, 1e17 + 64},
                                                                        {-1e-12, 1e-12}}) {
    for (const bool logarithmic : {false, true}) {
      if (logarithmic && low <= 0) {
        continue;
      }
      const ChartScale scale({.logarithmic = logarithmic}, low, high, 6, true);
      EXPECT_LT(scale.minimum(), scale.maximum()) << low << " " << high;
      EXPECT_LE(scale.ticks().size(), 64U);
      EXPECT_TRUE(std::isfinite(scale.position(low)));
    }
  }
}

TEST(ChartScale, RefusesImpossibleLimits) {
  EXPECT_THROW(ChartScale({.minimum = 2.0, .maximum = 1.0}, 0, 1, 5, true), Error);
  EXPECT_THROW(ChartScale({.minimum = kNan}, 0, 1, 5, true), Error);
  EXPECT_THROW(ChartScale({.logarithmic = true, .minimum = 0.0}, 1, 2, 5, true), Error);
}

TEST(SvgChart, DrawsSeriesBandsAndLegend) {
  const std::string svg = line_chart(simple_chart());
  expect_well_formed(svg);
  EXPECT_EQ(count(svg, "<path class=\"line c0\""), 1U);
  EXPECT_EQ(count(svg, "<path class=\"line c1 dashed\""), 1U);
  EXPECT_EQ(count(svg, "<path class=\"band c0f\""), 1U);
  EXPECT_EQ(count(svg, ">model</text>"), 1U);
  EXPECT_NE(svg.find("role=\"img\""), std::string::npos);
  EXPECT_NE(svg.find("<desc id="), std::string::npos);
  EXPECT_NE(svg.find("prefers-color-scheme:dark"), std::string::npos);
  EXPECT_EQ(svg.find("http", svg.find("2000/svg")), std::string::npos) << "nothing is loaded from elsewhere";
}

TEST(SvgChart, PlacesPointsInProportion) {
  Chart chart{.title = "t", .series = {{.name = "s", .x = {0, 1, 2}, .y = {0, 1, 0.5}}}};
  const std::string svg = line_chart(chart);
  const std::size_t at = svg.find(" d=\"M") + 5;
  double x[3];
  double y[3];
  ASSERT_EQ(
      std::sscanf(svg.c_str() + at, "%lf %lfL%lf %lfL%lf %lf", &x[0], &y[0], &x[1], &y[1], &x[2], &y[2]), 6);
  EXPECT_NEAR(x[1] - x[0], x[2] - x[1], 0.02);
  EXPECT_NEAR(y[0] - y[2], y[2] - y[1], 0.02);
  EXPECT_GT(y[0], y[1]) << "up is up";
}

TEST(SvgChart, SameDataSameBytes) {
  EXPECT_EQ(line_chart(simple_chart()), line_chart(simple_chart()));
  Chart other = simple_chart();
  other.title = "Other";
  const auto id = [](const std::string& svg) { return svg.substr(svg.find("<title id="), 35); };
  EXPECT_NE(id(line_chart(simple_chart())), id(line_chart(other))) << "ids differ where charts share a page";
}

TEST(SvgChart, EscapesEveryText) {
  Chart chart = simple_chart();
  chart.title = "<script>alert(1)</script>";
  chart.x.label = "a & b";
  chart.series[0].name = "\"><g onload='x'>";
  const std::string svg = line_chart(chart);
  expect_well_formed(svg);
  EXPECT_EQ(svg.find("<script"), std::string::npos);
  EXPECT_EQ(svg.find("<g onload"), std::string::npos);
}

TEST(SvgChart, GapsWhereThereIsNoNumber) {
  Chart chart{.title = "t", .series = {{.name = "s", .x = {0, 1, 2, 3, 4}, .y = {1, 2, kNan, 3, kInfinity}}}};
  const std::string svg = line_chart(chart);
  const std::size_t path = svg.find("<path class=\"line c0\"");
  const std::string data = svg.substr(path, svg.find("/>", path) - path);
  EXPECT_EQ(count(data, "M"), 2U);
  EXPECT_EQ(count(data, "L"), 1U);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
  chart.y.logarithmic = true;
  chart.series[0].y = {-1, 0, 1, 10, 100};
  EXPECT_EQ(count(line_chart(chart), "<circle"), 3U);
}

TEST(SvgChart, SaysWhereThereIsNothing) {
  const std::string empty = line_chart({.title = "nothing"});
  expect_well_formed(empty);
  EXPECT_NE(empty.find("no data"), std::string::npos);
  expect_well_formed(bar_chart({.title = "nothing"}));
  expect_well_formed(scatter_chart({.title = "one", .series = {{.name = "s", .x = {1}, .y = {1}}}}));
}

TEST(SvgChart, ThinsLongCurvesWithoutLosingPeaks) {
  ChartSeries series{.name = "s", .x = {}, .y = {}};
  for (int i = 0; i < 200000; ++i) {
    series.x.push_back(i);
    series.y.push_back(i == 123456 ? 50.0 : std::sin(i * 0.001));
  }
  const std::string svg = line_chart({.title = "long", .series = {series}});
  EXPECT_LT(svg.size(), 60000U);
  // The peak reaches the plot's top tick (50), and nothing else comes near it.
  const std::size_t grid = svg.rfind("class=\"grid\"");
  const std::string top = svg.substr(
      svg.find("y1=\"", grid) + 4, svg.find('"', svg.find("y1=\"", grid) + 4) - svg.find("y1=\"", grid) - 4);
  const std::size_t path = svg.find("<path class=\"line");
  EXPECT_NE(svg.find(" " + top + "L", path), std::string::npos);
}

TEST(SvgChart, RefusesUnequalLengths) {
  EXPECT_THROW(line_chart({.title = "t", .series = {{.name = "s", .x = {1, 2}, .y = {1}}}}), Error);
  EXPECT_THROW(line_chart({.title = "t", .series = {{.name = "s", .x = {1}, .y = {1}, .low = {1}}}}), Error);
  EXPECT_THROW(line_chart({.title = "t", .width = 5}), Error);
  EXPECT_THROW(bar_chart({.title = "t", .categories = {"a"}, .groups = {{.name = "g", .values = {1, 2}}}}),
               Error);
  EXPECT_THROW(
      bar_chart({.title = "t", .categories = {"a"}, .groups = {{.name = "g", .values = {1}, .low = {1}}}}),
      Error);
}

TEST(SvgChart, BarsRiseFromZero) {
  const std::string svg =
      bar_chart({.title = "bars",
                 .value = {.label = "score"},
                 .categories = {"a", "b"},
                 .groups = {{.name = "g", .values = {2.0, -1.0}, .low = {1.5, -2}, .high = {2.5, 0}},
                            {.name = "h", .values = {kNan, 1.0}}}});
  expect_well_formed(svg);
  EXPECT_EQ(count(svg, "<rect class=\"c0f\" x=\""), 3U) << "two bars and the legend's square";
  EXPECT_EQ(count(svg, "<rect class=\"c1f\" x=\""), 2U);
  EXPECT_EQ(count(svg, "<path class=\"whisker\""), 2U);
  double height[2];
  std::size_t at = 0;
  for (double& value : height) {
    at = svg.find("<title>g, ", at + 1);
    value = std::stod(svg.substr(svg.rfind("height=\"", at) + 8));
  }
  EXPECT_NEAR(height[0], 2 * height[1], 0.05);
}

TEST(SvgChart, LongCategoriesAreTiltedAndCut) {
  std::vector<std::string> names(
      12, "a name that is far too long for its place, and longer still than the picture has room");
  names[4].clear();
  for (int i = 0; i < 80; ++i) {
    names[4] += "\xC3\xA4";
  }
  const std::string svg = bar_chart(
      {.title = "t", .categories = names, .groups = {{.name = "", .values = std::vector<double>(12, 1.0)}}});
  expect_well_formed(svg);
  EXPECT_EQ(count(svg, "rotate(-35)"), 12U);
  EXPECT_GE(count(svg, "\xE2\x80\xA6</text>"), 11U);
  EXPECT_NE(svg.find("\xC3\xA4\xE2\x80\xA6"), std::string::npos) << "cut between characters";
}

TEST(LossCurve, DrawsEveryLoss) {
  std::vector<nlohmann::json> rows;
  for (int step = 1; step <= 300; ++step) {
    rows.push_back({{"step", step}, {"loss", 1.0 / step}, {"learning_rate", 0.1}});
  }
  rows.push_back({{"step", 300}, {"validation_loss", 0.5}});
  const std::string svg = loss_curve_svg(rows, "training");
  expect_well_formed(svg);
  EXPECT_NE(svg.find(">loss</text>"), std::string::npos);
  EXPECT_NE(svg.find(">validation_loss</text>"), std::string::npos);
  EXPECT_EQ(svg.find("learning_rate"), std::string::npos);
  EXPECT_EQ(count(svg, "faint\" d="), 1U) << "the noisy curve has its raw values behind it";
  EXPECT_NE(svg.find(">0.01</text>"), std::string::npos) << "a factor of 300 needs a logarithmic axis";
}

TEST(LossCurve, ReadsWhatATrainingLeaves) {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "metrics.jsonl";
  std::ofstream(file) << "{\"step\":1,\"loss\":2.0}\n\n{\"step\":2,\"loss\":1.5}\n{\"step\":3,\"lo";
  EXPECT_EQ(read_metrics(file).size(), 2U);
  write_loss_curve(file, folder.path() / "loss.svg", "t");
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "loss.svg"));
  std::ofstream(file) << "{\"step\":1,\"loss\":2.0}\nnonsense\n{\"step\":2}\n";
  try {
    read_metrics(file);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kBadInput);
    EXPECT_NE(error.where().find("metrics.jsonl:2"), std::string::npos);
  }
  EXPECT_THROW(read_metrics(folder.path() / "absent.jsonl"), Error);
}

}  // namespace
}  // namespace everform
