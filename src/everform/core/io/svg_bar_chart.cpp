// The bar charts of svg_chart.h.
#include <algorithm>
#include <cmath>
#include <limits>

#include "everform/core/base/error.h"
#include "everform/core/io/chart_frame.h"
#include "everform/core/io/svg_chart.h"
#include "everform/core/io/svg_markup.h"

namespace everform {

namespace {

constexpr double kTextSize = 12;

void check(const BarChart& chart) {
  const std::size_t right = chart.categories.size();
  for (const BarGroup& group : chart.groups) {
    const bool whiskers = !group.low.empty() || !group.high.empty();
    const bool whiskers_fit = group.low.size() == right && group.high.size() == right;
    if (group.values.size() != right || (whiskers && !whiskers_fit)) {
      throw Error(ErrorKind::kUsage, "drawing the chart " + printable(chart.title),
                  "the bars of " + printable(group.name) + " are " + std::to_string(group.values.size()) +
                      " with " + std::to_string(group.low.size()) + " and " +
                      std::to_string(group.high.size()) + " ends, not " + std::to_string(right) +
                      " as the categories");
    }
  }
}

ChartScale value_scale(const BarChart& chart) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const BarGroup& group : chart.groups) {
    for (const std::vector<double>* values : {&group.values, &group.low, &group.high}) {
      for (const double value : *values) {
        if (ChartScale::drawable(chart.value, value)) {
          low = std::min(low, value);
          high = std::max(high, value);
        }
      }
    }
  }
  if (low <= high && !chart.value.logarithmic) {
    constexpr double kHeadroom = 0.06;  // for the values written at the bars' ends
    low = std::min(low * (1 + kHeadroom), 0.0);
    high = std::max(high * (1 + kHeadroom), 0.0);
  }
  return {chart.value, low, high, chart.height / 70, true};
}

std::string describe(const BarChart& chart) {
  if (!chart.description.empty()) {
    return chart.description;
  }
  std::string text = "Bar chart";
  text += chart.value.label.empty() ? "." : " of " + chart.value.label + ".";
  constexpr std::size_t kMostListed = 40;
  std::size_t listed = 0;
  for (const BarGroup& group : chart.groups) {
    for (std::size_t i = 0; i < group.values.size() && listed < kMostListed; ++i, ++listed) {
      text += " " + (group.name.empty() ? "" : group.name + ", ") + chart.categories[i] + ": " +
              chart_value(group.values[i]) + ".";
    }
  }
  return text;
}

class BarPlot {
 public:
  explicit BarPlot(const BarChart& chart)
      : chart_(chart),
        description_(describe(chart)),
        frame_(chart.width, chart.height, chart.title + "\n" + description_),
        scale_(value_scale(chart)) {}

  std::string draw() {
    frame_.begin(chart_.title, description_);
    std::vector<LegendEntry> entries;
    for (std::size_t g = 0; g < chart_.groups.size(); ++g) {
      if (!chart_.groups[g].name.empty()) {
        entries.push_back({chart_.groups[g].name, static_cast<int>(g) % kChartColors, false, true});
      }
    }
    frame_.legend(entries);
    place();
    frame_.y_axis(scale_, chart_.value.label);
    frame_.begin_data();
    for (std::size_t g = 0; g < chart_.groups.size(); ++g) {
      for (std::size_t c = 0; c < chart_.categories.size(); ++c) {
        draw_bar(g, c);
      }
    }
    frame_.end_data();
    frame_.x_label(chart_.category_label);
    draw_category_labels();
    return frame_.finish();
  }

 private:
  void place() {
    double longest = 0;
    for (const std::string& category : chart_.categories) {
      longest = std::max(longest, svg_text_width(category, kTextSize));
    }
    constexpr double kRowOfLabels = 20;
    const bool has_label = !chart_.category_label.empty();
    frame_.place_plot(scale_, has_label, !chart_.value.label.empty(), kRowOfLabels);
    slot_ = (frame_.plot().right - frame_.plot().left) /
            std::max<double>(1.0, static_cast<double>(chart_.categories.size()));
    tilted_ = longest > slot_ - 6;
    if (tilted_) {
      constexpr double kTiltSine = 0.58;  // of 35 degrees
      const double height = std::min(kTiltSine * longest + kRowOfLabels, 0.35 * chart_.height);
      label_room_ = (height - kRowOfLabels) / kTiltSine + 1;
      frame_.place_plot(scale_, has_label, !chart_.value.label.empty(), height);
    }
  }

  void draw_bar(std::size_t group, std::size_t category) {
    const BarGroup& bars = chart_.groups[group];
    const double value = bars.values[category];
    if (!ChartScale::drawable(chart_.value, value)) {
      return;
    }
    const double width = slot_ * 0.76 / static_cast<double>(chart_.groups.size());
    const double left = frame_.plot().left + slot_ * (static_cast<double>(category) + 0.12) +
                        width * static_cast<double>(group);
    const double base =
        chart_.value.logarithmic ? scale_.minimum() : std::clamp(0.0, scale_.minimum(), scale_.maximum());
    const double from = frame_.place_y(scale_, base);
    const double to =
        std::clamp(frame_.place_y(scale_, value), frame_.plot().top - 4, frame_.plot().bottom + 4);
    const std::string name = (bars.name.empty() ? "" : bars.name + ", ") + chart_.categories[category];
    frame_.add("<rect class=\"c" + std::to_string(group % kChartColors) + "f\" x=\"" + svg_number(left + 1) +
               "\" y=\"" + svg_number(std::min(from, to)) + "\" width=\"" +
               svg_number(std::max(width - 2, 0.5)) + "\" height=\"" + svg_number(std::abs(from - to)) +
               "\"><title>" + svg_escape(name + ": " + chart_value(value, 4)) + "</title></rect>\n");
    const double top = draw_whisker(bars, category, left + width / 2, to);
    if (width >= 34) {
      const double above = value >= base ? std::min(top, to) - 5 : std::max(from, to) + 14;
      frame_.add("<text class=\"value\" x=\"" + svg_number(left + width / 2) + "\" y=\"" +
                 svg_number(std::max(above, frame_.plot().top + 8)) + "\" text-anchor=\"middle\">" +
                 svg_escape(chart_value(value)) + "</text>\n");
    }
  }

  /// @return the y of its upper end, or `otherwise` where the bar has none
  double draw_whisker(const BarGroup& bars, std::size_t category, double x, double otherwise) {
    if (bars.low.empty() || !ChartScale::drawable(chart_.value, bars.low[category]) ||
        !ChartScale::drawable(chart_.value, bars.high[category])) {
      return otherwise;
    }
    const std::string at = svg_number(x);
    const double top = frame_.place_y(scale_, bars.high[category]);
    frame_.add("<path class=\"whisker\" d=\"M" + at + " " +
               svg_number(frame_.place_y(scale_, bars.low[category])) + "V" + svg_number(top) + "\"/>\n");
    return top;
  }

  void draw_category_labels() {
    constexpr double kTiltCosine = 0.82;  // of 35 degrees
    const double y = frame_.plot().bottom + (tilted_ ? 12 : 18);
    for (std::size_t c = 0; c < chart_.categories.size(); ++c) {
      const double middle = frame_.plot().left + slot_ * (static_cast<double>(c) + 0.5);
      const std::string x = svg_number(middle + (tilted_ ? 4 : 0));
      const std::string place =
          tilted_ ? "transform=\"translate(" + x + " " + svg_number(y) + ") rotate(-35)\" text-anchor=\"end\""
                  : "x=\"" + x + "\" y=\"" + svg_number(y) + "\" text-anchor=\"middle\"";
      const double room = tilted_ ? std::min(middle / kTiltCosine - 6, label_room_) : slot_;
      frame_.add("<text class=\"soft\" " + place + ">" + svg_escape(shortened(chart_.categories[c], room)) +
                 "</text>\n");
    }
  }

  /// The text, or as much of its beginning as fits with an ellipsis.
  static std::string shortened(std::string text, double room) {
    if (svg_text_width(text, kTextSize) <= room) {
      return text;
    }
    constexpr const char* kEllipsis = "\xE2\x80\xA6";
    while (!text.empty() && svg_text_width(text, kTextSize) > room - kTextSize) {
      while (text.size() > 1 && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) {
        text.pop_back();  // the rest of a UTF-8 sequence
      }
      text.pop_back();
    }
    return text + kEllipsis;
  }

  const BarChart& chart_;
  std::string description_;
  ChartFrame frame_;
  ChartScale scale_;
  double slot_ = 0;
  double label_room_ = 0;
  bool tilted_ = false;
};

}  // namespace

std::string bar_chart(const BarChart& chart) {
  check(chart);
  return BarPlot(chart).draw();
}

}  // namespace everform
