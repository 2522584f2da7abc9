// From a parsed command line to the function that does it.
#pragma once

#include <functional>

#include "everform/cli/command_line.h"
#include "everform/cli/program.h"

namespace everform {

/// The request of a system's action: its recipe resolved from the run, the preset, --recipe and --set.
ActionRequest make_request(const ParsedCommand& command);

/// What does a command, ready to be called; empty where only the workbench program can and this is the small
/// one. Throws for a system without such an action, a recipe error or an unknown target, so that these come
/// before any heavy library is loaded. @param command outlives it
std::function<ActionResult()> find_work(const ParsedCommand& command, const WorkbenchRuntime* workbench);

}  // namespace everform
