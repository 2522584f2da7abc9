// An axis of a chart: its range, its tick marks at round values, and where a value lies on it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace everform {

/// What a caller says about an axis. Limits that are left out come from the data.
struct ChartAxis {
  std::string label;
  bool logarithmic = false;  ///< base 10; values that are not positive are left out of the picture
  std::optional<double> minimum;
  std::optional<double> maximum;
};

struct ChartTick {
  double value = 0.0;
  std::string label;
};

class ChartScale {
 public:
  /// @param lowest, highest range of the data (only values that `drawable` accepts); lowest > highest: there
  /// are none
  /// @param wanted_ticks about how many ticks; between half and twice as many are made
  /// @param rounded widens limits that come from the data to the next tick
  /// Throws Error{kUsage} where given limits are not finite, not in order, or not positive on a logarithmic
  /// axis.
  ChartScale(const ChartAxis& axis, double lowest, double highest, int wanted_ticks, bool rounded);

  /// 0 at the axis's minimum, 1 at its maximum; outside for values outside.
  double position(double value) const;
  /// Whether a value has a place on this kind of axis at all.
  static bool drawable(const ChartAxis& axis, double value);
  const std::vector<ChartTick>& ticks() const { return ticks_; }
  double minimum() const { return minimum_; }
  double maximum() const { return maximum_; }

 private:
  void place_linear_ticks(int wanted, bool round_low, bool round_high);
  void place_logarithmic_ticks(int wanted);

  bool logarithmic_;
  double minimum_;
  double maximum_;
  std::vector<ChartTick> ticks_;
};

/// A value for people: three or `digits` significant digits, "1.2k", "3.4M", "5e-05".
std::string chart_value(double value, int digits = 3);

}  // namespace everform
