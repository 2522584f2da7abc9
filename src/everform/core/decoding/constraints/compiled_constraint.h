// A machine with a vocabulary: the Constraint that all forms become.
#pragma once

#include <memory>

#include "everform/core/decoding/constraints/constraint.h"
#include "everform/core/decoding/constraints/rule_graph.h"
#include "everform/core/decoding/constraints/token_trie.h"

namespace everform::constraints {

/// Throws Error{kUsage} where the vocabulary has no end token, or the tokenizer no such token.
std::shared_ptr<const VocabularyTrie> checked_vocabulary(const ConstraintVocabulary& vocabulary,
                                                         const std::string& where);

/// Compiles the rules for a vocabulary. Only bytes that are a token by themselves may be used, so that some
/// token fits wherever a byte does. Throws Error{kUsage} as compile_machine does.
std::shared_ptr<const Constraint> compile_constraint(const RuleGraph& graph, RuleId root,
                                                     const ConstraintVocabulary& vocabulary);

}  // namespace everform::constraints
