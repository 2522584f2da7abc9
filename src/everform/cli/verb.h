// The verbs of the command line: a table of what each takes, and what it does.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "everform/core/recipes/action_request.h"
#include "everform/core/recipes/system_card.h"

namespace everform {

/// A parsed command line.
struct Invocation {
  std::string verb;
  std::string target;              ///< "" where none was given
  std::vector<std::string> files;  ///< further positional arguments
  CommonOptions common;
  nlohmann::json options;  ///< the verb's own options by name; absent where not given and without default
  std::vector<std::string> arguments;  ///< argv as typed, for the workbench program

  bool has(const std::string& option) const {
    return options.contains(option) && !options.at(option).is_null();
  }
  bool flag(const std::string& option) const { return has(option) && options.at(option).get<bool>(); }
  std::string text(const std::string& option) const { return options.at(option).get<std::string>(); }
  std::int64_t integer(const std::string& option) const { return options.at(option).get<std::int64_t>(); }
  double number(const std::string& option) const { return options.at(option).get<double>(); }
};

struct Verb {
  std::string name;
  std::string help;     ///< one line
  std::string example;  ///< a whole command line
  enum class Target { kNone, kOptional, kRequired } target = Target::kRequired;
  std::string target_help;
  /// Options with a model or file as TARGET.
  std::vector<OptionSpec> options;
  /// Options with any system as TARGET, beside those of its action ("resume", "recipe" and "quick" fill
  /// ActionRequest's fields).
  std::vector<OptionSpec> system_options;
  /// Empty: the workbench program does it.
  std::function<ActionResult(const Invocation&)> run;
  /// A system's name as TARGET goes to the system's own action of this verb.
  bool dispatches_systems = true;
  /// Says once on stderr how many threads it uses and why.
  bool uses_threads = true;
  /// Further positional arguments after TARGET are taken.
  bool takes_files = false;
};

}  // namespace everform
