#include "everform/domains/automata/score_table.h"

#include <cstdio>

namespace everform {
namespace {

const char* const kHeldOut = "automata.held_out";

constexpr const char* kColumns[] = {"temperature",
                                    "grids",
                                    "cell_accuracy",
                                    "exact_rate",
                                    "all_dead_cell_accuracy",
                                    "all_dead_exact_rate",
                                    "unchanged_cell_accuracy"};

}  // namespace

ScoreRow score_row(std::string set, const HeldOutSteps& steps, const GridString& strings, double temperature,
                   const PromptCompleter& complete) {
  return {std::move(set), temperature, score_completions(steps, strings, complete), score_all_dead(steps),
          score_copy(steps)};
}

std::vector<ScoreRow> scores_by_order(const StepData& data, const std::vector<HeatedModel>& models,
                                      const std::vector<double>& orders, std::int64_t grids,
                                      std::uint64_t seed) {
  std::vector<ScoreRow> rows;
  for (const auto& [temperature, complete] : models) {
    if (orders.empty()) {
      rows.push_back(
          score_row("0:1", held_out_steps(data, grids, seed, kHeldOut), data.strings, temperature, complete));
    }
    for (const double order : orders) {
      const HeldOutSteps steps = held_out_steps(data, data.widths.front(), order, grids, seed, kHeldOut);
      rows.push_back(score_row(nlohmann::json(order).dump(), steps, data.strings, temperature, complete));
    }
  }
  return rows;
}

std::vector<ScoreRow> scores_by_width(StepData data, const HeatedModel& model,
                                      const std::vector<double>& widths, std::int64_t grids,
                                      std::uint64_t seed) {
  std::vector<ScoreRow> rows;
  for (const double width : widths) {
    data.widths = {static_cast<std::int64_t>(width)};
    const HeldOutSteps steps = held_out_steps(data, grids, seed, kHeldOut);
    rows.push_back(score_row(std::to_string(data.widths.front()), steps, data.strings, model.temperature,
                             model.complete));
  }
  return rows;
}

nlohmann::json to_json(const ScoreRow& row) {
  return {{"set", row.set},
          {"temperature", row.temperature},
          {"grids", row.model.grids},
          {"cell_accuracy", row.model.accuracy()},
          {"exact_rate", row.model.exact_rate()},
          {"all_dead_cell_accuracy", row.all_dead.accuracy()},
          {"all_dead_exact_rate", row.all_dead.exact_rate()},
          {"unchanged_cell_accuracy", row.unchanged.accuracy()}};
}

nlohmann::json to_json(const std::vector<ScoreRow>& rows) {
  nlohmann::json json = rows.empty() ? nlohmann::json::object() : to_json(rows.front());
  json["table"] = nlohmann::json::array();
  for (const ScoreRow& row : rows) {
    json["table"].push_back(to_json(row));
  }
  return json;
}

std::string to_csv(const std::vector<ScoreRow>& rows, const std::string& set_name) {
  std::string csv = set_name;
  for (const char* column : kColumns) {
    csv += std::string(",") + column;
  }
  csv += "\n";
  for (const ScoreRow& row : rows) {
    const nlohmann::json json = to_json(row);
    csv += row.set;
    for (const char* column : kColumns) {
      csv += "," + json.at(column).dump();
    }
    csv += "\n";
  }
  return csv;
}

std::string to_text(const ScoreRow& row, const std::string& set_name) {
  char text[256];
  std::snprintf(text, sizeof text,
                "%s %s, temperature %g: cell accuracy %.4f (all dead %.4f, unchanged %.4f), exact grids %.4f "
                "(all dead %.4f), %lld grids\n",
                set_name.c_str(), row.set.c_str(), row.temperature, row.model.accuracy(),
                row.all_dead.accuracy(), row.unchanged.accuracy(), row.model.exact_rate(),
                row.all_dead.exact_rate(), static_cast<long long>(row.model.grids));
  return text;
}

std::string to_text(const std::vector<ScoreRow>& rows, const std::string& set_name) {
  std::string text;
  for (const ScoreRow& row : rows) {
    text += to_text(row, set_name);
  }
  return text;
}

}  // namespace everform
