// Parses a command line against the verbs' and the systems' option tables.
#pragma once

#include <string>
#include <vector>

#include "everform/cli/target.h"
#include "everform/cli/verb.h"

namespace everform {

/// A command line that was understood.
struct ParsedCommand {
  const Verb* verb = nullptr;
  Target target;
  const ActionSpec* action =
      nullptr;  ///< the system's action, where the target is a system or a run of one that has it
  Invocation invocation;
  bool help = false;
};

/// The options that every verb takes, as a table for help and completion.
const std::vector<OptionSpec>& common_options();

/// The option table of a verb for one target.
std::vector<OptionSpec> options_for(const Verb& verb, const SystemCard* card, const ActionSpec* action);

/// Parses argv after the program's name. Throws Error{kUsage} naming what is wrong and the nearest valid
/// name.
ParsedCommand parse_command(const std::vector<std::string>& arguments, const std::vector<Verb>& verbs);

/// Whether --json stands anywhere: errors before the parse is done must be JSON too.
bool wants_json(const std::vector<std::string>& arguments);

}  // namespace everform
