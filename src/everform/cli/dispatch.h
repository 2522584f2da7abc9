// From a parsed command line to the function that does it.
#pragma once

#include <optional>

#include "everform/cli/command_line.h"
#include "everform/cli/program.h"

namespace everform {

/// The request of a system's action: its recipe resolved from the run, the preset, --recipe and --set.
ActionRequest make_request(const ParsedCommand& command);

/// Whether only the workbench program can do it.
bool needs_workbench(const ParsedCommand& command);

/// Runs the command. Nothing comes back where only the workbench program can do it and this is the small one.
std::optional<ActionResult> dispatch(const ParsedCommand& command, const WorkbenchRuntime* workbench);

}  // namespace everform
