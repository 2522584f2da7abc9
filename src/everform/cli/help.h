// The help texts, made from the option tables.
#pragma once

#include <string>
#include <vector>

#include "everform/cli/command_line.h"

namespace everform {

/// `everform --help`.
std::string program_help(const std::vector<Verb>& verbs);
/// `everform VERB [TARGET] --help`.
std::string verb_help(const ParsedCommand& command);

}  // namespace everform
