// Tables of prediction scores beside those of the answers that need no model.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "everform/domains/automata/step_scores.h"

namespace everform {

/// One set of steps, predicted at one temperature.
struct ScoreRow {
  std::string set;  ///< which steps: "broad", "0.3", "16"
  double temperature = 0.0;
  CellScore model;
  CellScore all_dead;
  CellScore unchanged;
};

ScoreRow score_row(std::string set, const HeldOutSteps& steps, const GridString& strings, double temperature,
                   const PromptCompleter& complete);

/// A model at one temperature.
struct HeatedModel {
  double temperature = 0.0;
  PromptCompleter complete;
};

/// A row for each model and each order parameter (on grids of the data's first width), or, without orders,
/// one for the data's whole range.
std::vector<ScoreRow> scores_by_order(const StepData& data, const std::vector<HeatedModel>& models,
                                      const std::vector<double>& orders, std::int64_t grids,
                                      std::uint64_t seed);

/// A row for each width.
std::vector<ScoreRow> scores_by_width(StepData data, const HeatedModel& model,
                                      const std::vector<double>& widths, std::int64_t grids,
                                      std::uint64_t seed);

/// {"set","temperature","grids","cell_accuracy","exact_rate","all_dead_cell_accuracy","all_dead_exact_rate","unchanged_cell_accuracy"}
nlohmann::json to_json(const ScoreRow& row);
/// The first row's figures, and all rows under "table".
nlohmann::json to_json(const std::vector<ScoreRow>& rows);
/// The same as a CSV table. @param set_name header of the first column
std::string to_csv(const std::vector<ScoreRow>& rows, const std::string& set_name);
/// A line for people.
std::string to_text(const ScoreRow& row, const std::string& set_name);
std::string to_text(const std::vector<ScoreRow>& rows, const std::string& set_name);

}  // namespace everform
