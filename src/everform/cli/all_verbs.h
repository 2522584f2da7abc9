// Every verb of the command line.
#pragma once

#include <vector>

#include "everform/cli/verb.h"

namespace everform {

/// In the order of their files.
std::vector<Verb> unsorted_verbs();

/// In the order in which a user meets them.
const std::vector<Verb>& all_verbs();

}  // namespace everform
