#include "everform/domains/automata/fact_claims.h"

#include "everform/domains/automata/known_facts.h"

namespace everform {

void claim_automaton_facts(Report& report, std::uint64_t seed) {
  constexpr std::int64_t kGenerations = 50;
  constexpr std::int64_t kFlippedIn = 10;
  const auto check = [&](const char* id, const char* claim, const CheckCount& facts) {
    report.check(id, claim, facts.passed, facts.run);
  };
  check("1c", "32 x 32 samples that read back as their two grids", check_string_facts(seed));
  check("2", "block, blinker, glider and RLE facts", check_oracle_facts());
  report.claim({.id = "3",
                .claim = "50-step rollout accuracy of a model that follows the rule",
                .figure = rule_follower_accuracy(seed, kGenerations),
                .relation = "==",
                .bar = 1});
  check("3b", "error curve after one flipped bit is the orbits' divergence",
        check_rollout_facts(seed, kGenerations, kFlippedIn));
  check("6d", "bad grids are refused with line and column", check_bad_input_facts());
}

}  // namespace everform
