#include "everform/core/io/svg_chart.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "everform/core/base/error.h"
#include "everform/core/io/chart_frame.h"
#include "everform/core/io/svg_markup.h"

namespace everform {

namespace {

constexpr double kTickLabels = 20;  // height of a row of tick labels

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(const ChartAxis& axis, double value) {
    if (ChartScale::drawable(axis, value)) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
};

void need_length(const std::string& title, const std::string& name, const char* what, std::size_t found,
                 std::size_t right) {
  if (found != right) {
    throw Error(ErrorKind::kUsage, "drawing the chart " + printable(title),
                "series " + printable(name) + " has " + std::to_string(found) + " " + what + ", not " +
                    std::to_string(right));
  }
}

void check(const Chart& chart) {
  for (const ChartSeries& series : chart.series) {
    need_length(chart.title, series.name, "y values", series.y.size(), series.x.size());
    need_length(chart.title, series.name, "ends of bands", series.low.size(), series.high.size());
    if (!series.low.empty()) {
      need_length(chart.title, series.name, "ends of bands", series.low.size(), series.x.size());
    }
  }
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ", ") + name;
  }
  return text;
}

std::string describe(const Chart& chart, const char* kind, const Range& x, const Range& y) {
  if (!chart.description.empty()) {
    return chart.description;
  }
  std::vector<std::string> names;
  for (const ChartSeries& series : chart.series) {
    if (!series.name.empty()) {
      names.push_back(series.name);
    }
  }
  std::string text = std::string(kind) + " of " + (chart.y.label.empty() ? "y" : chart.y.label) +
                     " against " + (chart.x.label.empty() ? "x" : chart.x.label);
  if (!names.empty()) {
    text += ": " + list_of(names);
  }
  if (x.low <= x.high && y.low <= y.high) {
    text += ". x from " + chart_value(x.low) + " to " + chart_value(x.high) + ", y from " +
            chart_value(y.low) + " to " + chart_value(y.high);
  }
  return text + ".";
}

/// Palette indices: named series take colours in turn, an unnamed one that of the series after it (raw data
/// under its smoothed curve).
std::vector<int> colors_of(const Chart& chart) {
  std::vector<int> colors;
  int next = 0;
  for (const ChartSeries& series : chart.series) {
    colors.push_back(series.color >= 0 ? series.color % kChartColors : next % kChartColors);
    next += series.name.empty() || series.color >= 0 ? 0 : 1;
  }
  return colors;
}

/// A chart with numbers on both axes: its frame, its scales, and the drawing of a series' parts.
class NumberPlot {
 public:
  NumberPlot(const Chart& chart, const char* kind)
      : chart_(chart),
        ranges_(ranges_of(chart)),
        description_(describe(chart, kind, ranges_.first, ranges_.second)),
        frame_(chart.width, chart.height, key_of(chart, description_)),
        x_(chart.x, ranges_.first.low, ranges_.first.high, chart.width / 90, false),
        y_(chart.y, ranges_.second.low, ranges_.second.high, chart.height / 70, true) {}

  void begin(bool points) {
    frame_.begin(chart_.title, description_);
    frame_.legend(legend_entries(points));
    frame_.place_plot(y_, !chart_.x.label.empty(), !chart_.y.label.empty(), kTickLabels);
    frame_.y_axis(y_, chart_.y.label);
    frame_.x_axis(x_, chart_.x.label);
    if (ranges_.first.low > ranges_.first.high || ranges_.second.low > ranges_.second.high) {
      const ChartBox& box = frame_.plot();
      frame_.add("<text class=\"soft\" x=\"" + svg_number((box.left + box.right) / 2) + "\" y=\"" +
                 svg_number((box.top + box.bottom) / 2) + "\" text-anchor=\"middle\">no data</text>\n");
    }
    frame_.begin_data();
  }

  void draw_band(const ChartSeries& series, int color);
  void draw_line(const ChartSeries& series, int color);
  void draw_dots(const ChartSeries& series, int color, double radius);

  std::string finish() {
    frame_.end_data();
    return frame_.finish();
  }

 private:
  static std::pair<Range, Range> ranges_of(const Chart& chart) {
    check(chart);
    std::pair<Range, Range> ranges;
    for (const ChartSeries& series : chart.series) {
      for (std::size_t i = 0; i < series.x.size(); ++i) {
        if (!ChartScale::drawable(chart.x, series.x[i])) {
          continue;
        }
        ranges.first.include(chart.x, series.x[i]);
        ranges.second.include(chart.y, series.y[i]);
        if (!series.low.empty()) {
          ranges.second.include(chart.y, series.low[i]);
          ranges.second.include(chart.y, series.high[i]);
        }
      }
    }
    // A count that begins near 0 is drawn from 0.
    constexpr double kNear = 0.05;
    if (!chart.x.logarithmic && ranges.first.low > 0 && ranges.first.low < kNear * ranges.first.high) {
      ranges.first.low = 0;
    }
    return ranges;
  }

  static std::string key_of(const Chart& chart, const std::string& description) {
    return chart.title + "\n" + description + "\n" + std::to_string(chart.series.size());
  }

  std::vector<LegendEntry> legend_entries(bool points) const {
    std::vector<LegendEntry> entries;
    const std::vector<int> colors = colors_of(chart_);
    for (std::size_t i = 0; i < chart_.series.size(); ++i) {
      const ChartSeries& series = chart_.series[i];
      if (!series.name.empty()) {
        entries.push_back({series.name, colors[i], series.dashed, points});
      }
    }
    return entries;
  }

  bool has_place(const ChartSeries& series, std::size_t i) const {
    return ChartScale::drawable(chart_.x, series.x[i]) && ChartScale::drawable(chart_.y, series.y[i]);
  }
  std::string point(double x, double y) const {
    return svg_number(frame_.place_x(x_, x)) + " " + svg_number(frame_.place_y(y_, y));
  }
  std::vector<std::size_t> thinned(const ChartSeries& series, std::size_t begin, std::size_t end) const;

  const Chart& chart_;
  std::pair<Range, Range> ranges_;
  std::string description_;
  ChartFrame frame_;
  ChartScale x_;
  ChartScale y_;
};

/// Of [begin, end) the first, lowest, highest and last point of each pixel column, in order; all where there
/// are few.
std::vector<std::size_t> NumberPlot::thinned(const ChartSeries& series, std::size_t begin,
                                             std::size_t end) const {
  std::vector<std::size_t> kept;
  const bool few = end - begin <= 2 * static_cast<std::size_t>(chart_.width);
  for (std::size_t i = begin; i < end;) {
    const double column = std::floor(frame_.place_x(x_, series.x[i]));
    std::size_t low = i;
    std::size_t high = i;
    std::size_t next = i + 1;
    while (!few && next < end && std::floor(frame_.place_x(x_, series.x[next])) == column) {
      low = series.y[next] < series.y[low] ? next : low;
      high = series.y[next] > series.y[high] ? next : high;
      ++next;
    }
    std::vector<std::size_t> column_points = {i, std::min(low, high), std::max(low, high), next - 1};
    column_points.erase(std::unique(column_points.begin(), column_points.end()), column_points.end());
    kept.insert(kept.end(), column_points.begin(), column_points.end());
    i = next;
  }
  return kept;
}

void NumberPlot::draw_band(const ChartSeries& series, int color) {
  std::string upper;
  std::string lower;
  std::size_t points = 0;
  const auto close = [&] {
    if (points > 1) {
      frame_.add("<path class=\"band c" + std::to_string(color) + "f\" d=\"M" + upper + lower + "Z\"/>\n");
    }
    upper.clear();
    lower.clear();
    points = 0;
  };
  for (std::size_t i = 0; i < series.low.size(); ++i) {
    const double low = series.low[i];
    const double high = series.high[i];
    if (!ChartScale::drawable(chart_.x, series.x[i]) || !ChartScale::drawable(chart_.y, low) ||
        !ChartScale::drawable(chart_.y, high)) {
      close();
      continue;
    }
    upper += (points == 0 ? "" : "L") + point(series.x[i], high);
    lower = "L" + point(series.x[i], low) + lower;
    ++points;
  }
  close();
}

void NumberPlot::draw_line(const ChartSeries& series, int color) {
  std::string path;
  for (std::size_t begin = 0; begin < series.x.size();) {
    std::size_t end = begin;
    while (end < series.x.size() && has_place(series, end)) {
      ++end;
    }
    const char* command = "M";
    for (const std::size_t i : thinned(series, begin, end)) {
      path += command + point(series.x[i], series.y[i]);
      command = "L";
    }
    if (end == begin + 1) {
      path += "h0";  // a lone point still shows, as the round end of a line
    }
    begin = end + 1;
  }
  if (!path.empty()) {
    frame_.add("<path class=\"line c" + std::to_string(color) + (series.dashed ? " dashed" : "") +
               (series.faint ? " faint" : "") + "\" d=\"" + path + "\"/>\n");
  }
}

void NumberPlot::draw_dots(const ChartSeries& series, int color, double radius) {
  frame_.add("<g class=\"dot c" + std::to_string(color) + "f" + (series.faint ? " faint" : "") + "\">\n");
  for (std::size_t i = 0; i < series.x.size(); ++i) {
    if (has_place(series, i)) {
      frame_.add("<circle cx=\"" + svg_number(frame_.place_x(x_, series.x[i])) + "\" cy=\"" +
                 svg_number(frame_.place_y(y_, series.y[i])) + "\" r=\"" + svg_number(radius) + "\"/>\n");
    }
  }
  frame_.add("</g>\n");
}

}  // namespace

std::string line_chart(const Chart& chart) {
  constexpr std::size_t kMostMarkedPoints = 40;
  NumberPlot plot(chart, "Line chart");
  plot.begin(false);
  const std::vector<int> colors = colors_of(chart);
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    plot.draw_band(chart.series[i], colors[i]);
  }
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const ChartSeries& series = chart.series[i];
    plot.draw_line(series, colors[i]);
    if (!series.faint && !series.dashed && series.x.size() <= kMostMarkedPoints) {
      plot.draw_dots(series, colors[i], 2.5);
    }
  }
  return plot.finish();
}

std::string scatter_chart(const Chart& chart) {
  NumberPlot plot(chart, "Scatter chart");
  plot.begin(true);
  const std::vector<int> colors = colors_of(chart);
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    plot.draw_dots(chart.series[i], colors[i], 3.5);
  }
  return plot.finish();
}

}  // namespace everform
