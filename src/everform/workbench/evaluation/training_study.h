// Studies that train several variants of a system and set them side by side: backbones, frozen parts, sizes.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/recipes/recipe.h"

namespace everform {

/// One training of a study: what is different in it.
struct StudyVariant {
  std::string name;
  Recipe recipe;
  std::string start;  ///< a run whose weights it begins with; "" for fresh ones
};

/// What trainings of a study begin with.
struct StudyStart {
  std::string prefix;  ///< before the names of its variants: "pretrained, "
  std::string run;     ///< see StudyVariant::start
};

/// For each start a variant for each value of one key of the recipe, named by prefix and value.
std::vector<StudyVariant> variants_of(const Recipe& recipe, const std::string& key,
                                      const std::vector<std::string>& values,
                                      const std::vector<StudyStart>& starts);

/// Rows of figures with the number of trained parameters.
class StudyTable {
 public:
  /// @param figures names of the columns, as in JSON
  explicit StudyTable(std::vector<std::string> figures) : figures_(std::move(figures)) {}

  /// @param trained number of trained parameters; none for what is not trained
  void add(const std::string& name, const std::vector<double>& figures, std::optional<std::int64_t> trained);

  /// [{"name", ...figures..., "trained_parameters"}]
  const nlohmann::json& rows() const { return rows_; }
  /// A line a row.
  const std::string& text() const { return text_; }

 private:
  std::vector<std::string> figures_;
  nlohmann::json rows_ = nlohmann::json::array();
  std::string text_;
};

/// What the training of a variant gave.
struct StudyFigures {
  std::vector<double> figures;
  std::int64_t trained_parameters = 0;
};

/// Trains each variant into the run folder `run`, which is removed behind it, and adds its figures to the
/// table. The log says how many trainings there are, and `on` what.
void study_trainings(
    StudyTable& table, const std::vector<StudyVariant>& variants, const std::filesystem::path& run,
    const std::string& on,
    const std::function<StudyFigures(const StudyVariant&, const std::filesystem::path& run)>& train);

/// Parameters that need a gradient.
std::int64_t trained_parameters(const torch::nn::Module& module);

/// A name and figures with three decimals in columns, for a terminal.
std::string figure_row(const std::string& name, const std::vector<double>& figures);

}  // namespace everform
