// Binds every system's actions into the workbench program.
#pragma once

#include "everform/core/recipes/action_request.h"

namespace everform {

void bind_all_systems(SystemRuntime& runtime);

}  // namespace everform
