#include "everform/workbench/evaluation/training_study.h"

#include <torch/types.h>

#include <algorithm>
#include <cstdio>

#include "everform/core/base/log.h"

namespace everform {

std::vector<StudyVariant> variants_of(const Recipe& recipe, const std::string& key,
                                      const std::vector<std::string>& values,
                                      const std::vector<StudyStart>& starts) {
  std::vector<StudyVariant> variants;
  for (const StudyStart& start : starts) {
    for (const std::string& value : values) {
      variants.push_back({start.prefix + value, recipe, start.run});
      variants.back().recipe.set(key, value);
    }
  }
  return variants;
}

void StudyTable::add(const std::string& name, const std::vector<double>& figures,
                     std::optional<std::int64_t> trained) {
  nlohmann::json row = {{"name", name}, {"trained_parameters", nullptr}};
  for (std::size_t i = 0; i < figures_.size(); ++i) {
    row[figures_[i]] = figures.at(i);
  }
  if (trained) {
    row["trained_parameters"] = *trained;
  }
  rows_.push_back(std::move(row));
  text_ += figure_row(name, figures);
}

void study_trainings(
    StudyTable& table, const std::vector<StudyVariant>& variants, const std::filesystem::path& run,
    const std::string& on,
    const std::function<StudyFigures(const StudyVariant&, const std::filesystem::path& run)>& train) {
  log_info("this trains " + std::to_string(variants.size()) + " small models on " + on);
  for (const StudyVariant& variant : variants) {
    const StudyFigures found = train(variant, run);
    table.add(variant.name, found.figures, found.trained_parameters);
    std::filesystem::remove_all(run);
  }
}

std::int64_t trained_parameters(const torch::nn::Module& module) {
  std::int64_t trained = 0;
  for (const torch::Tensor& parameter : module.parameters()) {
    trained += parameter.requires_grad() ? parameter.numel() : 0;
  }
  return trained;
}

std::string figure_row(const std::string& name, const std::vector<double>& figures) {
  constexpr std::size_t kNameWidth = 32;
  std::string text = name;
  text.resize(std::max(text.size() + 1, kNameWidth), ' ');
  for (const double figure : figures) {
    char number[32];
    std::snprintf(number, sizeof number, "%8.3f", figure);
    text += number;
  }
  return text + "\n";
}

}  // namespace everform
