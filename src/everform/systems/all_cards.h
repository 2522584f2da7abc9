// Every system's card: those that are built (a folder each) and those that are planned (planned.toml).
#pragma once

#include <string_view>
#include <vector>

#include "everform/core/recipes/system_card.h"

namespace everform {

/// Cards of the systems that have a folder.
const std::vector<const SystemCard*>& built_cards();

}  // namespace everform
