#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/core/decoding/constraints/compiled_constraint.h"
#include "everform/core/decoding/constraints/grammar_parser.h"
#include "everform/core/decoding/constraints/rule_reach.h"

namespace everform {
namespace {

using namespace constraints;

// Rules up to this many characters and choices, which neither call others nor repeat without bound, are
// written out where they are used: tokens then pass through them inside one rule.
constexpr std::size_t kSmall = 100;

// Characters and choices of a pattern, written out; more than `limit` where it calls or repeats for ever.
std::size_t written_size(const Pattern& pattern, std::size_t limit) {
  std::size_t size = 1;
  for (const Pattern& part : pattern.parts) {
    size += written_size(part, limit);
    if (size > limit) {
      return limit + 1;
    }
  }
  if (pattern.kind == Pattern::Kind::kReference || pattern.max == Rule::kUnbounded) {
    return limit + 1;
  }
  return pattern.kind == Pattern::Kind::kRepeat ? std::min(size * (1 + pattern.max), limit + 1) : size;
}

}  // namespace

std::shared_ptr<const Constraint> grammar_constraint(std::string_view grammar,
                                                     const ConstraintVocabulary& vocabulary) {
  const std::vector<GrammarRule> rules = parse_grammar(grammar);
  RuleGraph graph("compiling the grammar");
  std::vector<bool> is_small;
  for (const GrammarRule& rule : rules) {
    graph.add_rule(rule.name);
    is_small.push_back(written_size(rule.body, kSmall) <= kSmall);
  }
  const auto refer = [&](std::size_t rule) {
    return is_small[rule] ? add_pattern(graph, rules[rule].body, Spelling::kPlain, false)
                          : graph.call(static_cast<RuleId>(rule));
  };
  for (std::size_t i = 0; i < rules.size(); ++i) {
    graph.define(static_cast<RuleId>(i), add_pattern(graph, rules[i].body, Spelling::kPlain, false, refer));
  }
  const RuleId recursive = find_left_recursion(graph);
  if (recursive < rules.size()) {
    throw Error(ErrorKind::kUsage, graph.where(),
                "the rule \"" + printable(rules[recursive].name, 60) +
                    "\" calls itself before it reads anything (left recursion)",
                "write it with repetition: item (\",\" item)*");
  }
  const auto root =
      std::find_if(rules.begin(), rules.end(), [](const auto& rule) { return rule.name == "root"; });
  return compile_constraint(graph, static_cast<RuleId>(root - rules.begin()), vocabulary);
}

}  // namespace everform
