// What the command line hands to a system's action, and what comes back. Torch-free.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/recipes/recipe.h"
#include "everform/core/recipes/system_card.h"

namespace everform {

/// The options that every verb takes.
struct CommonOptions {
  std::uint64_t seed = 0;
  std::optional<int> threads;
  std::string device = "cpu";
  std::string out;  ///< "" where not given
  bool json = false;
  bool quiet = false;
  bool yes = false;
  std::string preset;
  std::vector<std::string> sets;
};

/// A parsed and checked request for one action of one system.
struct ActionRequest {
  const SystemCard* card = nullptr;
  std::string verb;
  CommonOptions common;
  Recipe recipe;                   ///< resolved; for actions on a model: the run's own where there is one
  std::string recipe_file;         ///< --recipe
  std::string model;               ///< --model, or the run folder named as TARGET; "" where none
  bool resume = false;             ///< train --resume
  bool quick = false;              ///< reproduce --quick
  std::vector<std::string> files;  ///< positional arguments after the system's name
  nlohmann::json options;  ///< the action's own options by name, with defaults; absent where not given

  bool has(const std::string& option) const {
    return options.contains(option) && !options.at(option).is_null();
  }
  std::string text(const std::string& option) const { return options.at(option).get<std::string>(); }
  std::int64_t integer(const std::string& option) const { return options.at(option).get<std::int64_t>(); }
  double number(const std::string& option) const { return options.at(option).get<double>(); }
  bool flag(const std::string& option) const { return has(option) && options.at(option).get<bool>(); }
};

/// What an action gives back: the JSON of the contract, and the text a person reads without --json.
struct ActionResult {
  nlohmann::json json;
  std::string text;
  int exit_status = 0;
};

using Action = std::function<ActionResult(const ActionRequest&)>;

/// The actions bound by the program at hand, by system and verb.
class SystemRuntime {
 public:
  void bind(const std::string& system, const std::string& verb, Action action) {
    actions_[{system, verb}] = std::move(action);
  }
  const Action* find(const std::string& system, const std::string& verb) const {
    const auto found = actions_.find({system, verb});
    return found == actions_.end() ? nullptr : &found->second;
  }

 private:
  std::map<std::pair<std::string, std::string>, Action> actions_;
};

}  // namespace everform
