#include "everform/core/io/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/progress.h"
#include "everform/core/io/csv.h"
#include "everform/core/io/svg_chart.h"

namespace everform {
namespace {

std::string cell(std::string text) {
  for (std::size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) {
    text.replace(at, 1, "\\|");
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string markdown_row(const std::vector<std::string>& fields) {
  std::string line = "|";
  for (const std::string& field : fields) {
    line += " " + cell(field) + " |";
  }
  return line + "\n";
}

std::string markdown_table(const std::vector<std::string>& columns,
                           const std::vector<std::vector<std::string>>& rows) {
  std::string text = markdown_row(columns) + markdown_row(std::vector<std::string>(columns.size(), "---"));
  for (const std::vector<std::string>& row : rows) {
    text += markdown_row(row);
  }
  return text;
}

std::string format_interval(const std::optional<Interval>& interval) {
  return interval ? "[" + format_figure(interval->low) + ", " + format_figure(interval->high) + "]" : "";
}

const Variant* find_baseline(const Comparison& comparison) {
  const auto found = std::find_if(comparison.variants.begin(), comparison.variants.end(),
                                  [](const Variant& v) { return v.baseline; });
  return found == comparison.variants.end() ? nullptr : &*found;
}

/// "won", "lost" or "equal" against the baseline; empty without one.
std::string outcome(const Comparison& comparison, const Variant& variant) {
  const Variant* baseline = find_baseline(comparison);
  if (baseline == nullptr) {
    return "";
  }
  if (variant.baseline) {
    return "baseline";
  }
  if (variant.figure == baseline->figure) {
    return "equal";
  }
  return (variant.figure > baseline->figure) == comparison.higher_is_better ? "better" : "lost";
}

std::string claim_figures(const Claim& claim) {
  std::string text = format_figure(claim.figure) + " " + claim.relation + " " + format_figure(claim.bar);
  if (claim.baseline) {
    text += ", baseline " + format_figure(*claim.baseline);
  }
  return text;
}

}  // namespace

bool Claim::holds() const {
  if (relation == ">=") {
    return figure >= bar;
  }
  if (relation == "<=") {
    return figure <= bar;
  }
  if (relation == ">") {
    return figure > bar;
  }
  if (relation == "<") {
    return figure < bar;
  }
  if (relation == "==") {
    return figure == bar;
  }
  throw Error(ErrorKind::kFailed, "checking claim " + id,
              "\"" + relation + "\" is no relation of the reports", "use one of >=, <=, >, <, ==");
}

std::string markdown(const ReportTable& table) {
  for (const std::vector<std::string>& row : table.rows) {
    if (row.size() != table.columns.size()) {
      throw Error(ErrorKind::kFailed, "writing the table \"" + table.title + "\"",
                  "a row has " + std::to_string(row.size()) + " fields, but there are " +
                      std::to_string(table.columns.size()) + " columns");
    }
  }
  return "## " + table.title + "\n\n" + markdown_table(table.columns, table.rows);
}

Report::Report(std::string system, std::string title, std::uint64_t seed, bool quick)
    : system_(std::move(system)),
      title_(std::move(title)),
      seed_(seed),
      quick_(quick),
      began_(std::chrono::steady_clock::now()) {}

void Report::claim(Claim claim) {
  claim.holds();  // refuses a relation that is none before any work is written
  claims_.push_back(std::move(claim));
}

void Report::compare(Claim claim) {
  if (!claim.baseline) {
    throw Error(ErrorKind::kFailed, "checking claim " + claim.id, "it compares, but has no baseline");
  }
  if (quick_) {
    claim.bar = *claim.baseline;
  }
  this->claim(std::move(claim));
}

void Report::check(const std::string& id, const std::string& claim, std::size_t passed, std::size_t run) {
  this->claim({.id = id,
               .claim = claim + " (checks passed of checks run)",
               .figure = static_cast<double>(passed),
               .relation = "==",
               .bar = static_cast<double>(run)});
}

bool Report::all_hold() const {
  return std::all_of(claims_.begin(), claims_.end(), [](const Claim& claim) { return claim.holds(); });
}

std::string Report::to_markdown() const {
  std::string text = "# " + system_ + ": " + title_ + "\n\nSeed " + std::to_string(seed_) + ", " +
                     format_duration(seconds_) + (quick_ ? ", quick: the direction only" : "") + ".\n";
  std::vector<std::vector<std::string>> rows;
  for (const Claim& claim : claims_) {
    rows.push_back({claim.id, claim.claim, format_figure(claim.figure), format_interval(claim.interval),
                    claim.baseline ? format_figure(*claim.baseline) : "",
                    claim.relation + " " + format_figure(claim.bar), claim.holds() ? "yes" : "**no**"});
  }
  if (!rows.empty()) {
    text += "\n## Claims\n\n" +
            markdown_table({"id", "claim", "figure", "95 % interval", "baseline", "bar", "holds"}, rows);
  }
  std::string lost;
  for (const Comparison& comparison : comparisons_) {
    rows.clear();
    for (const Variant& variant : comparison.variants) {
      const std::string result = outcome(comparison, variant);
      rows.push_back(
          {variant.name, format_figure(variant.figure), format_interval(variant.interval), result});
      if (result == "lost") {
        lost += "- " + comparison.title + ": " + variant.name + ", " + format_figure(variant.figure) +
                " against " + format_figure(find_baseline(comparison)->figure) + " " + comparison.metric +
                "\n";
      }
    }
    text += "\n## " + comparison.title + "\n\n" +
            markdown_table({"variant", comparison.metric, "95 % interval", "against the baseline"}, rows);
  }
  for (const ReportTable& table : tables_) {
    text += "\n" + markdown(table);
  }
  if (!lost.empty()) {
    text += "\n## Variants that lost\n\n" + lost;
  }
  for (const std::string& note : notes_) {
    text += "\n" + note + "\n";
  }
  for (const Picture& picture : pictures_) {
    text += "\n![" + picture.caption + "](" + picture.file + ")\n";
  }
  return text;
}

std::string Report::to_csv() const {
  const auto row = [](const std::vector<std::string>& fields) { return csv_row(fields); };
  const auto bounds = [](const std::optional<Interval>& interval) {
    return interval ? std::pair{csv_number(interval->low), csv_number(interval->high)}
                    : std::pair<std::string, std::string>{};
  };
  std::string text =
      row({"kind", "name", "metric", "figure", "low", "high", "baseline", "relation", "bar", "holds"});
  for (const Claim& claim : claims_) {
    const auto [low, high] = bounds(claim.interval);
    text += row({"claim", claim.id, claim.claim, csv_number(claim.figure), low, high,
                 claim.baseline ? csv_number(*claim.baseline) : "", claim.relation, csv_number(claim.bar),
                 claim.holds() ? "1" : "0"});
  }
  for (const Comparison& comparison : comparisons_) {
    const Variant* baseline = find_baseline(comparison);
    for (const Variant& variant : comparison.variants) {
      const auto [low, high] = bounds(variant.interval);
      text += row({comparison.title, variant.name, comparison.metric, csv_number(variant.figure), low, high,
                   baseline != nullptr ? csv_number(baseline->figure) : "", "", "", ""});
    }
  }
  return text;
}

void Report::draw_comparisons() {
  for (std::size_t i = 0; i < comparisons_.size(); ++i) {
    const Comparison& comparison = comparisons_[i];
    BarGroup figures{.name = comparison.metric};
    std::vector<std::string> names;
    for (const Variant& variant : comparison.variants) {
      names.push_back(variant.baseline ? variant.name + " (baseline)" : variant.name);
      figures.values.push_back(variant.figure);
      // An error bar with ends that are no numbers is left out.
      constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
      figures.low.push_back(variant.interval ? variant.interval->low : kNone);
      figures.high.push_back(variant.interval ? variant.interval->high : kNone);
    }
    const std::string file = "comparison-" + std::to_string(i + 1) + ".svg";
    write_file(folder_ / file, bar_chart({.title = comparison.title,
                                          .value = {.label = comparison.metric},
                                          .categories = names,
                                          .groups = {figures}}));
    pictures_.push_back({file, comparison.title + ": " + comparison.metric});
  }
}

void Report::write(const std::filesystem::path& folder) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) {
    throw Error(ErrorKind::kFailed, "writing the report",
                "making " + folder.string() + " failed: " + code.message());
  }
  folder_ = folder;
  seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  draw_comparisons();
  write_file(folder / "figures.csv", to_csv());
  write_file(folder / "report.md", to_markdown());
}

nlohmann::json Report::to_json() const {
  nlohmann::json claims = nlohmann::json::array();
  for (const Claim& claim : claims_) {
    nlohmann::json entry = {{"id", claim.id},
                            {"claim", claim.claim},
                            {"figure", claim.figure},
                            {"baseline", claim.baseline ? nlohmann::json(*claim.baseline) : nlohmann::json()},
                            {"relation", claim.relation},
                            {"bar", claim.bar},
                            {"holds", claim.holds()}};
    if (claim.interval) {
      entry["interval"] = {claim.interval->low, claim.interval->high};
    }
    claims.push_back(std::move(entry));
  }
  nlohmann::json pictures = nlohmann::json::array();
  for (const Picture& picture : pictures_) {
    pictures.push_back((folder_ / picture.file).string());
  }
  nlohmann::json json = {{"system", system_},
                         {"seed", seed_},
                         {"seconds", seconds_},
                         {"claims", std::move(claims)},
                         {"report", (folder_ / "report.md").string()},
                         {"pictures", std::move(pictures)}};
  if (quick_) {
    json["quick"] = true;
  }
  return json;
}

std::string Report::to_text() const {
  std::string text;
  for (const Claim& claim : claims_) {
    text += std::string(claim.holds() ? "holds  " : "FAILS  ") + claim.id + "  " + claim.claim + ": " +
            claim_figures(claim) + "\n";
  }
  return text + "report: " + (folder_ / "report.md").string() + "\n";
}

ActionResult Report::finish(const std::filesystem::path& folder) {
  write(folder);
  return {to_json(), to_text(), all_hold() ? 0 : 1};
}

std::filesystem::path report_folder(const ActionRequest& request) {
  if (!request.common.out.empty()) {
    prepare_output_folder(request.common.out, request.common.yes);
    return request.common.out;
  }
  const std::string name = (request.card != nullptr ? request.card->name : request.recipe.system()) +
                           "-reproduce-seed" + std::to_string(request.common.seed) +
                           (request.quick ? "-quick" : "");
  std::filesystem::path folder = std::filesystem::path("runs") / name;
  for (int number = 2; std::filesystem::exists(folder); ++number) {
    folder = std::filesystem::path("runs") / (name + "-" + std::to_string(number));
  }
  prepare_output_folder(folder, false);
  return folder;
}

std::string format_figure(double value) {
  char buffer[64];
  const bool whole = std::isfinite(value) && std::abs(value) < 1e15 && value == std::floor(value);
  std::snprintf(buffer, sizeof buffer, whole ? "%.0f" : "%.4g", value);
  return buffer;
}

}  // namespace everform
