#include "everform/domains/functions/accuracy_curve.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "everform/core/base/error.h"
#include "everform/core/io/csv.h"
#include "everform/core/io/svg_chart.h"
#include "everform/domains/functions/learner.h"

namespace everform::functions {

double AccuracyCurve::at(std::size_t index) const {
  return mean(index, index + 1);
}

double AccuracyCurve::mean(std::size_t begin, std::size_t end) const {
  std::size_t right = 0;
  std::size_t counted = 0;
  for (std::size_t i = begin; i < end && i < points(); ++i) {
    right += right_[i];
    counted += counted_[i];
  }
  return counted == 0 ? std::numeric_limits<double>::quiet_NaN()
                      : static_cast<double>(right) / static_cast<double>(counted);
}

double AccuracyCurve::largest_distance(double value, std::size_t begin) const {
  double largest = 0;
  for (std::size_t i = begin; i < points(); ++i) {
    largest = std::max(largest, counted_[i] > 0 ? std::abs(at(i) - value) : 0.0);
  }
  return largest;
}

Interval AccuracyCurve::interval(std::size_t index) const {
  if (counted_[index] == 0) {
    return {at(index), at(index)};
  }
  return wilson_interval(right_[index], counted_[index]);
}

AccuracyCurve accuracy_curve(const std::string& name, std::span<const LabelledSequence> sequences,
                             const SequenceJudge& judge) {
  AccuracyCurve curve(name, sequences.empty() ? 0 : sequences.front().points.size());
  for (const LabelledSequence& sequence : sequences) {
    const std::vector<bool> right = judge(sequence);
    for (auto i = static_cast<std::size_t>(sequence.scored_from); i < right.size() && i < curve.points();
         ++i) {
      curve.add(i, right[i]);
    }
  }
  return curve;
}

AccuracyCurve learner_curve(const std::string& learner, std::span<const LabelledSequence> sequences) {
  return accuracy_curve(learner, sequences,
                        [&](const LabelledSequence& sequence) { return run_learner(learner, sequence); });
}

double accuracy_after_lessons(std::span<const LabelledSequence> sequences, const SequenceJudge& judge) {
  AccuracyCurve after("after lessons", 1);
  for (const LabelledSequence& sequence : sequences) {
    const std::vector<bool> right = judge(sequence);
    const auto next = static_cast<std::size_t>(sequence.taught);
    if (sequence.taught > 0 && next < right.size()) {
      after.add(0, right[next]);
    }
  }
  return after.at(0);
}

double accuracy_at_full_rank(const std::string& learner, std::span<const LabelledSequence> sequences) {
  AccuracyCurve determined("at full rank", 1);
  for (const LabelledSequence& sequence : sequences) {
    const std::vector<bool> right = run_learner(learner, sequence);
    PointSpan span;
    for (std::size_t i = 0; i < right.size(); ++i) {
      if (span.rank() == sequence.dimensions) {
        determined.add(0, right[i]);
      }
      span.add(sequence.points[i], sequence.labels[i] > 0);
    }
  }
  return determined.at(0);
}

std::string curves_csv(std::span<const AccuracyCurve> curves) {
  std::vector<std::string> fields = {"index"};
  for (const AccuracyCurve& curve : curves) {
    for (const char* part : {"", " low", " high", " count"}) {
      fields.push_back(curve.name() + part);
    }
  }
  std::string text = csv_row(fields);
  for (std::size_t i = 0; !curves.empty() && i < curves.front().points(); ++i) {
    fields = {std::to_string(i)};
    for (const AccuracyCurve& curve : curves) {
      const bool there = curve.counted(i) > 0;
      const Interval interval = curve.interval(i);
      for (const double value : {curve.at(i), interval.low, interval.high}) {
        fields.push_back(there ? csv_number(value) : "");
      }
      fields.push_back(std::to_string(curve.counted(i)));
    }
    text += csv_row(fields);
  }
  return text;
}

nlohmann::json curves_json(std::span<const AccuracyCurve> curves) {
  nlohmann::json list = nlohmann::json::array();
  for (const AccuracyCurve& curve : curves) {
    nlohmann::json accuracy = nlohmann::json::array();
    for (std::size_t i = 0; i < curve.points(); ++i) {
      accuracy.push_back(curve.counted(i) > 0 ? nlohmann::json(curve.at(i)) : nullptr);
    }
    list.push_back({{"name", curve.name()},
                    {"mean", curve.mean()},
                    {"last_quarter", curve.last_quarter()},
                    {"accuracy", accuracy}});
  }
  return list;
}

std::string curves_text(std::span<const AccuracyCurve> curves) {
  std::string text;
  for (const AccuracyCurve& curve : curves) {
    std::array<char, 160> line{};
    std::snprintf(line.data(), line.size(), "%-20s mean %.3f, last quarter %.3f\n",
                  printable(curve.name(), 40).c_str(), curve.mean(), curve.last_quarter());
    text += line.data();
  }
  return text;
}

std::string curves_svg(const std::string& title, std::span<const AccuracyCurve> curves) {
  Chart chart{.title = title,
              .x = {.label = "examples seen"},
              .y = {.label = "share of labels right", .maximum = 1.0}};
  for (const AccuracyCurve& curve : curves) {
    ChartSeries series{.name = curve.name(), .x = {}, .y = {}};
    const bool first = chart.series.empty();
    series.dashed = !first;
    for (std::size_t i = 0; i < curve.points(); ++i) {
      series.x.push_back(static_cast<double>(i));
      series.y.push_back(curve.at(i));
      if (first) {
        series.low.push_back(curve.interval(i).low);
        series.high.push_back(curve.interval(i).high);
      }
    }
    chart.series.push_back(std::move(series));
  }
  return line_chart(chart);
}

}  // namespace everform::functions
