// The facts about automata and their strings as claims of a report: they hold for any weights.
#pragma once

#include <cstdint>

#include "everform/core/io/report.h"

namespace everform {

/// Claims "1c", "2", "3", "3b" and "6d": strings read back, the automaton is the published one, rollouts of a
/// model that follows the rule are exact and diverge as the orbits do, bad grids are refused.
void claim_automaton_facts(Report& report, std::uint64_t seed);

}  // namespace everform
