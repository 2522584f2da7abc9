// Line, scatter and bar charts as self-contained SVG texts: readable on light and dark pages, described for
// screen readers, the same bytes for the same data.
#pragma once

#include <string>
#include <vector>

#include "everform/core/io/chart_scale.h"

namespace everform {

/// One curve or cloud of points. Points that are not finite (or not positive on a logarithmic axis) are gaps.
struct ChartSeries {
  std::string name;  ///< in the legend; "" leaves it out there
  std::vector<double> x;
  std::vector<double> y;  ///< as many as x
  /// Confidence band around a line; empty, or as many as x.
  std::vector<double> low = {};
  std::vector<double> high = {};
  bool dashed = false;  ///< for baselines and reference lines
  bool faint = false;   ///< for raw data behind a smoothed curve
  int color = -1;       ///< index of the palette's colour; -1: the series' own place among the named ones
};

struct Chart {
  std::string title;
  std::string description;  ///< for screen readers; "" makes one from titles, labels and series
  ChartAxis x = {};
  ChartAxis y = {};
  std::vector<ChartSeries> series = {};
  int width = 720;  ///< pixels, 200 to 4000
  int height = 420;
};

/// A group of bars, one for each category.
struct BarGroup {
  std::string name;
  std::vector<double> values;  ///< one a category; not finite: no bar
  /// Ends of an error bar each; empty, or one a category.
  std::vector<double> low = {};
  std::vector<double> high = {};
};

struct BarChart {
  std::string title;
  std::string description = "";
  std::string category_label = "";
  ChartAxis value = {};
  std::vector<std::string> categories = {};
  std::vector<BarGroup> groups = {};
  int width = 720;
  int height = 420;
};

/// Lines through the points in their order; more points than pixels are thinned to each pixel column's first,
/// extremes and last. All three throw Error{kUsage} where array lengths disagree or a size is out of range.
std::string line_chart(const Chart& chart);
std::string scatter_chart(const Chart& chart);
/// Bars rise from 0, or from the axis's minimum where 0 is outside of it.
std::string bar_chart(const BarChart& chart);

}  // namespace everform
