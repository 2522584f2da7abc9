#include "everform/core/decoding/constraints/compiled_constraint.h"
#include "everform/core/decoding/constraints/regex_parser.h"

namespace everform {

std::shared_ptr<const Constraint> regex_constraint(std::string_view pattern,
                                                   const ConstraintVocabulary& vocabulary) {
  using namespace constraints;
  RuleGraph graph("compiling the regular expression");
  const Pattern parsed = parse_regex(pattern, RegexMatch::kWhole, "reading the regular expression");
  const RuleId root = graph.add_rule("pattern");
  graph.define(root, add_pattern(graph, parsed, Spelling::kPlain, false));
  return compile_constraint(graph, root, vocabulary);
}

}  // namespace everform
