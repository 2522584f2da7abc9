// Facts about automata and their strings that must hold whatever is trained: each check returns how many of
// its cases held.
#pragma once

#include <cstdint>

#include "everform/core/base/check_count.h"
#include "everform/domains/automata/grid.h"

namespace everform {

/// Block still, blinker of period 2, glider back after 4N generations on tori of several N, and RLE read and
/// written back unchanged.
CheckCount check_oracle_facts();

/// Strings of 32 x 32 steps have 2,071 bytes and give back both grids.
CheckCount check_string_facts(std::uint64_t seed);

/// With a model that follows the rule but for one flipped bit in generation `flip_at`, the rollout's error is
/// 0 before it and from there on that of the two true orbits.
CheckCount check_rollout_facts(std::uint64_t seed, std::int64_t generations, std::int64_t flip_at);

/// Cell accuracy over `generations` of rollouts by a model that follows the rule: 1.
double rule_follower_accuracy(std::uint64_t seed, std::int64_t generations);

/// A character other than 0 and 1, ragged rows and empty grids are refused with the right line and column.
CheckCount check_bad_input_facts();

}  // namespace everform
