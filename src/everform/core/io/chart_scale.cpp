#include "everform/core/io/chart_scale.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "everform/core/base/error.h"
#include "everform/core/io/svg_markup.h"

namespace everform {

namespace {

// Values beyond this are drawn at the edge: their differences could overflow.
constexpr double kLargest = 1e300;
constexpr double kSmallestPositive = 1e-300;
constexpr int kMostTicks = 64;

/// The smallest of 1, 2, 5 times a power of ten that is at least `step`.
double round_step(double step) {
  const double power = std::pow(10.0, std::floor(std::log10(step)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (step <= factor * power * (1.0 + 1e-9)) {
      return factor * power;
    }
  }
  return 10.0 * power;
}

std::string significant(double value, int digits) {
  std::array<char, 64> buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::general, digits);
  return {buffer.data(), end.ptr};
}

/// Labels of evenly spaced ticks share their decimals and their unit (k, M, G).
std::string linear_label(double value, double step, double largest) {
  constexpr double kPlain = 1e4;
  constexpr double kTiny = 1e-4;
  if (std::abs(value) < step * 1e-6) {
    return "0";
  }
  if (largest < kTiny || largest >= 1e13 || step < 1e-9) {
    return significant(value, 4);
  }
  double unit = 1.0;
  const char* suffix = "";
  if (largest >= kPlain) {
    unit = largest >= 1e10 ? 1e9 : (largest >= 1e6 ? 1e6 : 1e3);
    suffix = unit == 1e9 ? "G" : (unit == 1e6 ? "M" : "k");
  }
  const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step / unit) - 1e-9)));
  return svg_number(value / unit, decimals) + suffix;
}

}  // namespace

std::string chart_value(double value, int digits) {
  const double size = std::abs(value);
  constexpr std::array<std::pair<double, const char*>, 3> kUnits = {{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}}};
  if (size >= 1e4 && size < 1e13) {
    for (const auto& [unit, suffix] : kUnits) {
      if (size >= unit) {
        return significant(value / unit, digits) + suffix;
      }
    }
  }
  return significant(value, size >= 1e3 && size < 1e4 ? std::max(digits, 4) : digits);
}

bool ChartScale::drawable(const ChartAxis& axis, double value) {
  return std::isfinite(value) && (!axis.logarithmic || value > 0.0);
}

ChartScale::ChartScale(const ChartAxis& axis, double lowest, double highest, int wanted_ticks, bool rounded)
    : logarithmic_(axis.logarithmic) {
  for (const auto& limit : {axis.minimum, axis.maximum}) {
    if (limit && !drawable(axis, *limit)) {
      throw Error(ErrorKind::kUsage, "drawing the axis " + axis.label,
                  "the limit " + significant(*limit, 6) + " has no place on it",
                  logarithmic_ ? "a logarithmic axis needs positive limits" : "give a finite limit");
    }
  }
  if (lowest > highest) {
    lowest = axis.minimum.value_or(logarithmic_ ? 1.0 : 0.0);
    highest = axis.maximum.value_or(logarithmic_ ? 10.0 * lowest : lowest + 1.0);
  }
  const double floor = logarithmic_ ? kSmallestPositive : -kLargest;
  minimum_ = std::clamp(axis.minimum.value_or(lowest), floor, kLargest);
  maximum_ = std::clamp(axis.maximum.value_or(highest), floor, kLargest);
  if (axis.minimum && axis.maximum && minimum_ >= maximum_) {
    throw Error(
        ErrorKind::kUsage, "drawing the axis " + axis.label,
        "its minimum " + significant(minimum_, 6) + " is not below its maximum " + significant(maximum_, 6));
  }
  if (minimum_ >= maximum_) {  // one value only, or all data beyond a given limit
    const double margin = std::max(std::abs(minimum_) * 0.5, minimum_ == 0.0 || logarithmic_ ? 1e-300 : 0.0);
    const double half = minimum_ == 0.0 && !logarithmic_ ? 1.0 : margin;
    maximum_ = axis.maximum ? maximum_ : minimum_ + half;
    minimum_ = axis.minimum ? minimum_ : maximum_ - 2.0 * half;
    minimum_ = logarithmic_ ? std::max(minimum_, maximum_ / 10.0) : minimum_;
  }
  const int wanted = std::clamp(wanted_ticks, 2, kMostTicks / 2);
  if (logarithmic_ && maximum_ / minimum_ >= 5.0) {
    place_logarithmic_ticks(wanted);
  } else {
    place_linear_ticks(wanted, rounded && !axis.minimum && !logarithmic_,
                       rounded && !axis.maximum && !logarithmic_);
  }
}

void ChartScale::place_linear_ticks(int wanted, bool round_low, bool round_high) {
  const double step = round_step((maximum_ - minimum_) / wanted);
  if (round_low) {
    minimum_ = std::floor(minimum_ / step + 1e-9) * step;
  }
  if (round_high) {
    maximum_ = std::ceil(maximum_ / step - 1e-9) * step;
  }
  const double largest = std::max(std::abs(minimum_), std::abs(maximum_));
  const double first = std::ceil(minimum_ / step - 1e-9);
  for (int i = 0; i < kMostTicks; ++i) {
    const double value = (first + i) * step;
    if (!(value <= maximum_ + step * 1e-9)) {
      break;
    }
    ticks_.push_back({value, linear_label(value, step, largest)});
  }
}

void ChartScale::place_logarithmic_ticks(int wanted) {
  const double decades = std::log10(maximum_ / minimum_);
  const int every = std::max(1, static_cast<int>(std::ceil(decades / wanted)));
  const bool between = decades < wanted / 2.0;
  const int first = static_cast<int>(std::floor(std::log10(minimum_)));
  const int last = static_cast<int>(std::ceil(std::log10(maximum_)));
  for (int power = first; power <= last && ticks_.size() < kMostTicks; ++power) {
    if (((power % every) + every) % every != 0) {
      continue;
    }
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double value = factor * std::pow(10.0, power);
      const bool inside = value >= minimum_ * (1 - 1e-9) && value <= maximum_ * (1 + 1e-9);
      if (inside && (factor == 1.0 || between)) {
        ticks_.push_back({value, chart_value(value)});
      }
    }
  }
}

double ChartScale::position(double value) const {
  if (logarithmic_) {
    return std::log(std::max(value, kSmallestPositive) / minimum_) / std::log(maximum_ / minimum_);
  }
  return (std::clamp(value, -kLargest, kLargest) - minimum_) / (maximum_ - minimum_);
}

}  // namespace everform
