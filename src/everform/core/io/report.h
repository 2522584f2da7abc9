// The report of a comparison: claims with their bars, figures beside a baseline of the same run, pictures; as
// Markdown, CSV and JSON.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/base/statistics.h"
#include "everform/core/recipes/action_request.h"

namespace everform {

/// One statement that a run confirms or not: `figure relation bar`.
struct Claim {
  std::string id;     ///< the number of the statement in the system's description: "4", "4b"
  std::string claim;  ///< what is said, in words
  double figure = 0.0;
  std::optional<double> baseline;  ///< the same run's figure without the technique
  std::string relation = ">=";     ///< ">=", "<=", ">", "<" or "=="
  double bar = 0.0;
  std::optional<Interval> interval;  ///< of the figure

  /// NaN holds nothing. Throws Error{kFailed} for another relation.
  bool holds() const;
};

/// One way of doing it in a comparison.
struct Variant {
  std::string name;
  double figure = 0.0;
  std::optional<Interval> interval;
  bool baseline = false;
};

/// Variants side by side on one metric; it becomes a table, a bar chart and rows of figures.csv.
struct Comparison {
  std::string title;   ///< "Held-out English"
  std::string metric;  ///< "bits per byte"
  bool higher_is_better = true;
  std::vector<Variant> variants;
};

/// Free columns, for what is no comparison on one metric.
struct ReportTable {
  std::string title;
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  ///< each as long as `columns`
};

/// A table as Markdown under a heading of its title. Throws Error{kFailed} where a row is not as long as the
/// columns.
std::string markdown(const ReportTable& table);

/// Gathers what a run found and writes it to one folder. Make it when the run begins: `seconds` counts from
/// there.
class Report {
 public:
  /// @param title one line, e.g. the system's title
  Report(std::string system, std::string title, std::uint64_t seed, bool quick);

  /// A claim whose bar is a fixed number.
  void claim(Claim claim);
  /// A claim that compares with a baseline of this run; with `quick` the baseline is its bar.
  void compare(Claim claim);
  /// A yes/no statement: checks passed == checks run.
  void check(const std::string& id, const std::string& claim, std::size_t passed, std::size_t run);

  void add(Comparison comparison) { comparisons_.push_back(std::move(comparison)); }
  void add(ReportTable table) { tables_.push_back(std::move(table)); }
  /// A picture that lies in the report's folder. @param file name inside the folder
  void picture(std::string file, std::string caption) {
    pictures_.push_back({std::move(file), std::move(caption)});
  }
  /// A paragraph of report.md: protocol, data, what differs from the paper.
  void note(std::string text) { notes_.push_back(std::move(text)); }

  bool quick() const { return quick_; }
  const std::vector<Claim>& claims() const { return claims_; }
  bool all_hold() const;

  /// Writes report.md, figures.csv and a chart for every comparison into `folder`, which is made where it is
  /// absent.
  void write(const std::filesystem::path& folder);
  /// {"system","seed","seconds","claims":[...],"report","pictures"} (and "quick") of a written report.
  nlohmann::json to_json() const;
  /// The claims as lines for a terminal.
  std::string to_text() const;
  /// write(), then what the action `reproduce` gives back: exit status 1 if a claim does not hold.
  ActionResult finish(const std::filesystem::path& folder);

 private:
  struct Picture {
    std::string file;
    std::string caption;
  };

  std::string to_markdown() const;
  std::string to_csv() const;
  void draw_comparisons();

  std::string system_;
  std::string title_;
  std::uint64_t seed_;
  bool quick_;
  std::chrono::steady_clock::time_point began_;
  double seconds_ = 0.0;
  std::vector<Claim> claims_;
  std::vector<Comparison> comparisons_;
  std::vector<ReportTable> tables_;
  std::vector<Picture> pictures_;
  std::vector<std::string> notes_;
  std::filesystem::path folder_;
};

/// Folder of a reproduce action's report, made and empty: --out (refused where it holds something, unless
/// --yes), else runs/SYSTEM-reproduce-seedN[-quick] with a number behind it where that is taken.
std::filesystem::path report_folder(const ActionRequest& request);

/// A figure for people: 4 significant digits, whole numbers in full.
std::string format_figure(double value);

}  // namespace everform
