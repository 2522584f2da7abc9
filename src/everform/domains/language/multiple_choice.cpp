#include "everform/domains/language/multiple_choice.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "everform/core/base/error.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform {
namespace {

constexpr std::array kAll = {ChoiceNormalisation::kRaw, ChoiceNormalisation::kToken,
                             ChoiceNormalisation::kByte, ChoiceNormalisation::kUnconditional};

}  // namespace

const char* normalisation_name(ChoiceNormalisation normalisation) {
  switch (normalisation) {
    case ChoiceNormalisation::kRaw:
      return "raw";
    case ChoiceNormalisation::kToken:
      return "token";
    case ChoiceNormalisation::kByte:
      return "byte";
    case ChoiceNormalisation::kUnconditional:
      return "unconditional";
  }
  return "";
}

std::vector<std::string> normalisation_names() {
  std::vector<std::string> names;
  for (const ChoiceNormalisation normalisation : kAll) {
    names.emplace_back(normalisation_name(normalisation));
  }
  return names;
}

ChoiceNormalisation normalisation_from_name(const std::string& name) {
  for (const ChoiceNormalisation normalisation : kAll) {
    if (name == normalisation_name(normalisation)) {
      return normalisation;
    }
  }
  throw Error(ErrorKind::kUsage, "reading --normalisation", "\"" + printable(name, 60) + "\" is none",
              suggestion(name, normalisation_names()));
}

double normalised_score(const ChoiceScore& score, ChoiceNormalisation normalisation) {
  switch (normalisation) {
    case ChoiceNormalisation::kRaw:
      return score.log_likelihood;
    case ChoiceNormalisation::kToken:
      return score.log_likelihood / static_cast<double>(std::max<std::size_t>(score.tokens, 1));
    case ChoiceNormalisation::kByte:
      return score.log_likelihood / static_cast<double>(std::max<std::size_t>(score.bytes, 1));
    case ChoiceNormalisation::kUnconditional:
      return score.log_likelihood - score.unconditional;
  }
  return score.log_likelihood;
}

std::size_t pick_choice(std::span<const ChoiceScore> scores, ChoiceNormalisation normalisation) {
  if (scores.empty()) {
    throw Error(ErrorKind::kFailed, "picking a choice", "there is none to pick from");
  }
  std::size_t best = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(normalised_score(scores[i], normalisation))) {
      throw Error(ErrorKind::kFailed, "picking a choice",
                  "the model's score of choice " + std::to_string(i) + " is not a number");
    }
    if (normalised_score(scores[i], normalisation) > normalised_score(scores[best], normalisation)) {
      best = i;
    }
  }
  return best;
}

}  // namespace everform
