// Verbs on models that need torch.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "everform/cli/verb.h"

namespace everform {

using WorkbenchVerbs = std::map<std::string, std::function<ActionResult(const Invocation&)>>;

/// Adds every verb of cli/verbs/workbench_*.cpp.
void bind_workbench_verbs(WorkbenchVerbs& verbs);

}  // namespace everform
