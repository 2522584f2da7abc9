#include "everform/core/io/chart_frame.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/io/svg_markup.h"

namespace everform {

namespace {

constexpr double kMargin = 16;
constexpr double kTitleSize = 16;
constexpr double kTextSize = 12;

// Okabe and Ito's colours for all kinds of colour vision, darkened for white and lightened for dark pages
// until thin lines read well.
constexpr std::array<const char*, kChartColors> kLight = {"#0067a5", "#c8500a", "#008060", "#a8437f",
                                                          "#806500", "#2f8fce", "#6a4bbd", "#5a5a5a"};
constexpr std::array<const char*, kChartColors> kDark = {"#5aaeea", "#ff9250", "#40d0a0", "#f293c8",
                                                         "#e2c34e", "#9bdcff", "#b8a4ff", "#b4b4b4"};

std::string color_rules(const std::array<const char*, kChartColors>& colors) {
  std::string rules;
  for (int i = 0; i < kChartColors; ++i) {
    const std::string name = ".everform-chart .c" + std::to_string(i);
    const std::string color = colors[static_cast<std::size_t>(i)];
    rules += name + "{stroke:" + color + "}" + name + "f{fill:" + color + "}";
  }
  return rules;
}

std::string theme(const char* page, const char* ink, const char* soft, const char* grid) {
  const std::string root = ".everform-chart ";
  return root + ".page{fill:" + page + "}" + root + "text{fill:" + ink + "}" + root + ".soft{fill:" + soft +
         "}" + root + ".grid{stroke:" + grid + "}" + root + ".axis{stroke:" + soft + "}" + root +
         ".whisker{stroke:" + ink + "}";
}

std::string style() {
  return "<style>\n.everform-chart{max-width:100%;height:auto}"
         ".everform-chart text{font:12px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
         ".everform-chart .title{font-size:16px;font-weight:600}"
         ".everform-chart .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}"
         ".everform-chart .dashed{stroke-dasharray:6 4}.everform-chart .faint{opacity:.3;stroke-width:1}"
         ".everform-chart .whisker{stroke-width:1.5}.everform-chart .band{opacity:.18}.everform-chart "
         ".dot{opacity:.75}\n" +
         theme("#ffffff", "#1f2328", "#59636e", "#e3e6ea") + color_rules(kLight) +
         "\n@media (prefers-color-scheme:dark){" + theme("#14171c", "#e6e8eb", "#9aa4af", "#2a3038") +
         color_rules(kDark) + "}\n</style>\n";
}

std::string line(double x1, double y1, double x2, double y2, const char* classes) {
  return "<line class=\"" + std::string(classes) + "\" x1=\"" + svg_number(x1) + "\" y1=\"" + svg_number(y1) +
         "\" x2=\"" + svg_number(x2) + "\" y2=\"" + svg_number(y2) + "\"/>\n";
}

std::string label(double x, double y, const char* anchor, const std::string& text, const char* classes) {
  return "<text class=\"" + std::string(classes) + "\" x=\"" + svg_number(x) + "\" y=\"" + svg_number(y) +
         "\" text-anchor=\"" + anchor + "\">" + svg_escape(text) + "</text>\n";
}

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 16> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, 16);
  return {buffer.data(), end.ptr};
}

}  // namespace

ChartFrame::ChartFrame(int width, int height, std::string_view key)
    : width_(width), height_(height), id_("chart-" + hexadecimal(fnv1a64(key))) {
  constexpr int kSmallest = 200;
  constexpr int kLargest = 4000;
  for (const int size : {width, height}) {
    if (size < kSmallest || size > kLargest) {
      throw Error(ErrorKind::kUsage, "drawing a chart",
                  "a side of " + std::to_string(size) + " pixels is not in 200 to 4000");
    }
  }
}

void ChartFrame::begin(const std::string& title, const std::string& description) {
  const std::string w = std::to_string(width_);
  const std::string h = std::to_string(height_);
  text_ += "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"everform-chart\" width=\"" + w +
           "\" height=\"" + h + "\" viewBox=\"0 0 " + w + " " + h + "\" role=\"img\" aria-labelledby=\"" +
           id_ + "-title " + id_ + "-desc\">\n";
  text_ += "<title id=\"" + id_ + "-title\">" + svg_escape(title) + "</title>\n";
  text_ += "<desc id=\"" + id_ + "-desc\">" + svg_escape(description) + "</desc>\n" + style();
  text_ += "<rect class=\"page\" width=\"" + w + "\" height=\"" + h + "\"/>\n";
  if (!title.empty()) {
    text_ += label(kMargin, top_ + kTitleSize - 3, "start", title, "title");
    top_ += kTitleSize + 10;
  }
}

void ChartFrame::legend(const std::vector<LegendEntry>& entries) {
  constexpr double kSwatch = 18;
  constexpr double kGap = 16;
  constexpr double kRow = 18;
  if (entries.empty()) {
    return;
  }
  double x = kMargin;
  for (const LegendEntry& entry : entries) {
    const double wide = kSwatch + 6 + svg_text_width(entry.name, kTextSize) + kGap;
    if (x > kMargin && x + wide > width_ - kMargin + kGap) {
      x = kMargin;
      top_ += kRow;
    }
    const std::string color = "c" + std::to_string(entry.color % kChartColors);
    if (entry.block) {
      text_ += "<rect class=\"" + color + "f\" x=\"" + svg_number(x + 4) + "\" y=\"" + svg_number(top_) +
               "\" width=\"11\" height=\"11\" rx=\"2\"/>\n";
    } else {
      const std::string classes = "line " + color + (entry.dashed ? " dashed" : "");
      text_ += line(x, top_ + 6, x + kSwatch, top_ + 6, classes.c_str());
    }
    text_ += label(x + kSwatch + 6, top_ + 10, "start", entry.name, "name");
    x += wide;
  }
  top_ += kRow + 4;
}

void ChartFrame::place_plot(const ChartScale& y, bool has_x_label, bool has_y_label, double bottom_labels) {
  double widest = 0;
  for (const ChartTick& tick : y.ticks()) {
    widest = std::max(widest, svg_text_width(tick.label, kTextSize));
  }
  plot_.left = kMargin + widest + 8 + (has_y_label ? 18 : 0);
  plot_.right = width_ - kMargin - 6;
  plot_.top = top_ + 4;
  plot_.bottom = height_ - kMargin - bottom_labels - (has_x_label ? 20 : 0);
  // However long the legend, the data keep a strip of the picture.
  plot_.bottom = std::max(plot_.bottom, plot_.top + 40);
}

double ChartFrame::place_x(const ChartScale& x, double value) const {
  return plot_.left + x.position(value) * (plot_.right - plot_.left);
}

double ChartFrame::place_y(const ChartScale& y, double value) const {
  return plot_.bottom - y.position(value) * (plot_.bottom - plot_.top);
}

void ChartFrame::y_axis(const ChartScale& y, const std::string& axis_label) {
  for (const ChartTick& tick : y.ticks()) {
    const double at = place_y(y, tick.value);
    text_ += line(plot_.left, at, plot_.right, at, "grid");
    text_ += label(plot_.left - 8, at + 4, "end", tick.label, "soft");
  }
  if (!axis_label.empty()) {
    const double middle = (plot_.top + plot_.bottom) / 2;
    text_ += "<text class=\"soft\" transform=\"translate(" + svg_number(kMargin + 8) + " " +
             svg_number(middle) + ") rotate(-90)\" text-anchor=\"middle\">" + svg_escape(axis_label) +
             "</text>\n";
  }
}

void ChartFrame::x_axis(const ChartScale& x, const std::string& axis_label) {
  for (const ChartTick& tick : x.ticks()) {
    const double at = place_x(x, tick.value);
    text_ += line(at, plot_.bottom, at, plot_.bottom + 5, "axis");
    text_ += label(at, plot_.bottom + 18, "middle", tick.label, "soft");
  }
  x_label(axis_label);
}

void ChartFrame::x_label(const std::string& axis_label) {
  text_ += line(plot_.left, plot_.bottom, plot_.right, plot_.bottom, "axis");
  if (!axis_label.empty()) {
    text_ += label((plot_.left + plot_.right) / 2, height_ - kMargin + 4, "middle", axis_label, "soft");
  }
}

void ChartFrame::begin_data() {
  // A little room above and below, so that a line along the edge keeps its full width.
  text_ += "<clipPath id=\"" + id_ + "-clip\"><rect x=\"" + svg_number(plot_.left - 4) + "\" y=\"" +
           svg_number(plot_.top - 4) + "\" width=\"" + svg_number(plot_.right - plot_.left + 8) +
           "\" height=\"" + svg_number(plot_.bottom - plot_.top + 8) +
           "\"/></clipPath>\n<g clip-path=\"url(#" + id_ + "-clip)\">\n";
}

void ChartFrame::end_data() {
  text_ += "</g>\n";
}

std::string ChartFrame::finish() {
  return std::move(text_) + "</svg>\n";
}

}  // namespace everform
