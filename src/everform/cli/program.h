// The body of both programs: parse, dispatch, print, and turn every error into one clear message and an exit
// status.
#pragma once

#include <functional>

#include "everform/cli/verb.h"
#include "everform/core/recipes/action_request.h"

namespace everform {

/// What the workbench program adds. The small program passes nullptr and starts the workbench program where
/// it is needed.
struct WorkbenchRuntime {
  SystemRuntime systems;
  /// Verbs on models that need torch ("embed"), by name.
  std::map<std::string, std::function<ActionResult(const Invocation&)>> verbs;
  /// Tells torch how many threads to use.
  std::function<void(int)> set_threads;
};

int run_program(int argc, char** argv, const WorkbenchRuntime* workbench);

}  // namespace everform
