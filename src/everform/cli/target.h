// What a TARGET on the command line is: a system, a run folder, a bundled model, a file or a folder.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "everform/core/recipes/system_card.h"

namespace everform {

struct Target {
  enum class Kind { kNone, kSystem, kRun, kModel, kMissing };
  Kind kind = Kind::kNone;
  std::string text;                  ///< as typed
  const SystemCard* card = nullptr;  ///< the system, or the run's system
  std::filesystem::path path;        ///< run folder, model file or folder
};

/// Cards of all systems by name: built ones and planned ones.
const std::vector<const SystemCard*>& all_cards();
/// nullptr where there is none.
const SystemCard* find_card(const std::string& name);
std::vector<std::string> card_names();

/// Never throws for an unknown text: kind is kMissing. A bundled model that is not installed throws kMissing.
Target classify_target(const std::string& text);

/// The path of a model named on the command line: a bundled model's name, a file or a folder.
/// Throws Error{kMissing} with the nearest name where there is none.
std::filesystem::path resolve_model_path(const std::string& target);

/// The error for a target that is nothing known.
[[noreturn]] void unknown_target(const std::string& verb, const std::string& text);

}  // namespace everform
