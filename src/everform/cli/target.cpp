#include "everform/cli/target.h"

#include <algorithm>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/io/bundled_models.h"
#include "everform/core/recipes/nearest_name.h"
#include "everform/systems/all_cards.h"

namespace everform {

const std::vector<const SystemCard*>& all_cards() {
  static const std::vector<const SystemCard*> cards = [] {
    std::vector<const SystemCard*> all = built_cards();
    for (const SystemCard& planned : planned_cards()) {
      const bool built =
          std::any_of(all.begin(), all.end(), [&](const auto* card) { return card->name == planned.name; });
      if (!built) {
        all.push_back(&planned);
      }
    }
    std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
    return all;
  }();
  return cards;
}

const SystemCard* find_card(const std::string& name) {
  for (const SystemCard* card : all_cards()) {
    if (card->name == name) {
      return card;
    }
  }
  return nullptr;
}

std::vector<std::string> card_names() {
  std::vector<std::string> names;
  for (const SystemCard* card : all_cards()) {
    names.push_back(card->name);
  }
  return names;
}

Target classify_target(const std::string& text) {
  if (text.empty()) {
    return {};
  }
  if (const SystemCard* card = find_card(text)) {
    return {Target::Kind::kSystem, text, card, {}};
  }
  if (const auto bundled = find_bundled_model(text)) {
    return {Target::Kind::kModel, text, nullptr, *bundled};
  }
  std::error_code code;
  const std::filesystem::path path(text);
  const auto recipe = path / "recipe.toml";
  if (std::filesystem::is_regular_file(recipe, code)) {
    const std::string system = system_of_recipe(read_file(recipe, std::size_t{1} << 20), recipe.string());
    const SystemCard* card = find_card(system);
    if (card == nullptr) {
      throw Error(ErrorKind::kBadInput, "reading the run " + text,
                  "its system \"" + system + "\" is not known", suggestion(system, card_names()));
    }
    return {Target::Kind::kRun, text, card, path};
  }
  if (std::filesystem::exists(path, code)) {
    return {Target::Kind::kModel, text, nullptr, path};
  }
  return {Target::Kind::kMissing, text, nullptr, {}};
}

void unknown_target(const std::string& verb, const std::string& text) {
  if (find_card(text) != nullptr) {
    throw Error(
        ErrorKind::kUsage, "looking for the model",
        "\"" + text + "\" is a system, and this verb takes a model",
        "name a run folder of it (everform train " + text + " --out RUN), a model file or a bundled model");
  }
  std::vector<std::string> names = card_names();
  for (const BundledModel& model : bundled_models()) {
    names.push_back(model.name);
  }
  const auto near = nearest_name(text, names);
  throw Error(
      ErrorKind::kMissing,
      verb.empty() ? "looking for the model" : "looking for the target of everform " + verb,
      "\"" + printable(text, 120) + "\" is no file, no folder, no bundled model and no system",
      near ? "did you mean \"" + *near + "\"?" : "everform list shows the systems and bundled models");
}

std::filesystem::path resolve_model_path(const std::string& target) {
  const Target found = classify_target(target);
  if (found.kind == Target::Kind::kRun || found.kind == Target::Kind::kModel) {
    return found.path;
  }
  unknown_target("", target);
}

}  // namespace everform
