#include "everform/core/io/loss_curve.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/svg_chart.h"

namespace everform {

namespace {

struct Curve {
  std::vector<double> steps;
  std::vector<double> values;
};

std::map<std::string, Curve> curves_of(const std::vector<nlohmann::json>& rows) {
  std::map<std::string, Curve> curves;
  for (const nlohmann::json& row : rows) {
    if (!row.is_object() || !row.contains("step") || !row.at("step").is_number()) {
      continue;
    }
    for (const auto& [name, value] : row.items()) {
      if (value.is_number() && name.find("loss") != std::string::npos) {
        Curve& curve = curves[name];
        curve.steps.push_back(row.at("step").get<double>());
        curve.values.push_back(value.get<double>());
      }
    }
  }
  return curves;
}

/// Mean over a window of 2 * reach + 1 values around each, narrower at the ends.
std::vector<double> running_mean(const std::vector<double>& values, std::size_t reach) {
  std::vector<double> sums(values.size() + 1, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    sums[i + 1] = sums[i] + values[i];
  }
  std::vector<double> means(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t span = std::min({reach, i, values.size() - 1 - i});
    means[i] = (sums[i + span + 1] - sums[i - span]) / static_cast<double>(2 * span + 1);
  }
  return means;
}

void add_curve(Chart& chart, const std::string& name, const Curve& curve, int color) {
  constexpr std::size_t kNoisy = 200;
  constexpr std::size_t kShare = 60;  // the window is a thirtieth of the curve
  ChartSeries series{.name = name, .x = curve.steps, .y = curve.values, .color = color};
  if (curve.values.size() >= kNoisy) {
    chart.series.push_back({.name = "", .x = curve.steps, .y = curve.values, .faint = true, .color = color});
    series.y = running_mean(curve.values, curve.values.size() / kShare);
  }
  chart.series.push_back(std::move(series));
}

}  // namespace

std::vector<nlohmann::json> read_metrics(const std::filesystem::path& file) {
  const std::string text = read_file(file);
  std::vector<nlohmann::json> rows;
  std::size_t line = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    ++line;
    const std::size_t newline = text.find('\n', begin);
    const bool whole = newline != std::string::npos;
    const std::string_view row(text.data() + begin, (whole ? newline : text.size()) - begin);
    begin = whole ? newline + 1 : text.size();
    if (row.find_first_not_of(" \t\r") == std::string_view::npos) {
      continue;
    }
    nlohmann::json value = nlohmann::json::parse(row, nullptr, false);
    const bool good = value.is_object() && value.contains("step") && value.at("step").is_number();
    if (good) {
      rows.push_back(std::move(value));
    } else if (whole) {
      throw Error(ErrorKind::kBadInput, "reading " + file.string() + ":" + std::to_string(line),
                  "this line is no JSON object with a number \"step\": " + printable(std::string(row), 60));
    }
  }
  return rows;
}

std::string loss_curve_svg(const std::vector<nlohmann::json>& rows, const std::string& title) {
  constexpr double kWideRange = 20.0;
  Chart chart{.title = title, .x = {.label = "step"}, .y = {.label = "loss"}};
  double low = 0;
  double high = 0;
  bool first = true;
  int color = 0;
  for (const auto& [name, curve] : curves_of(rows)) {
    const auto [least, most] = std::minmax_element(curve.values.begin(), curve.values.end());
    low = first ? *least : std::min(low, *least);
    high = first ? *most : std::max(high, *most);
    first = false;
    add_curve(chart, name, curve, color++);
  }
  chart.y.logarithmic = low > 0 && high / low > kWideRange;
  return line_chart(chart);
}

void write_loss_curve(const std::filesystem::path& metrics, const std::filesystem::path& svg,
                      const std::string& title) {
  write_file(svg, loss_curve_svg(read_metrics(metrics), title));
}

}  // namespace everform
