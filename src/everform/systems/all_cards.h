// Every system's card: those that are built (a folder each) and those that are planned (planned.toml).
#pragma once

#include <vector>

#include "everform/core/recipes/system_card.h"

namespace everform {

/// Cards of the systems that have a folder.
const std::vector<const SystemCard*>& built_cards();

/// Cards of all systems on the roadmap, from planned.toml: name, title, paper and domain, no actions.
const std::vector<SystemCard>& planned_cards();

}  // namespace everform
