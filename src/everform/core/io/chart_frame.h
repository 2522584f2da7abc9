// What every chart has around its data: page, titles, legend, grid, axes and colours.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "everform/core/io/chart_scale.h"

namespace everform {

/// Colours in the palette; further series take them again.
inline constexpr int kChartColors = 8;

struct LegendEntry {
  std::string name;
  int color = 0;
  bool dashed = false;
  bool block = false;  ///< a square instead of a line
};

/// A rectangle in pixels, y downwards.
struct ChartBox {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
};

/// Collects an SVG: first the frame's parts, then the data, then `finish`.
class ChartFrame {
 public:
  /// @param key a text that is different for different charts; makes the ids unique where several stand in
  /// one page
  ChartFrame(int width, int height, std::string_view key);

  void begin(const std::string& title, const std::string& description);
  /// Rows of entries below the title; nothing for fewer than one.
  void legend(const std::vector<LegendEntry>& entries);
  /// Settles the plot's rectangle. @param bottom_labels height that the labels below it need
  void place_plot(const ChartScale& y, bool has_x_label, bool has_y_label, double bottom_labels);
  void y_axis(const ChartScale& y, const std::string& label);
  void x_axis(const ChartScale& x, const std::string& label);
  void x_label(const std::string& label);

  /// Everything between is clipped to the plot.
  void begin_data();
  void end_data();
  void add(const std::string& markup) { text_ += markup; }
  std::string finish();

  const ChartBox& plot() const { return plot_; }
  double place_x(const ChartScale& x, double value) const;
  double place_y(const ChartScale& y, double value) const;

 private:
  int width_;
  int height_;
  std::string id_;
  std::string text_;
  double top_ = 16;  ///< below what stands there already
  ChartBox plot_;
};

}  // namespace everform
