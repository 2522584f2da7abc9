// Text that must have a form: a JSON schema, a regular expression or a grammar, held by masks over the
// vocabulary.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "everform/core/decoding/logits_processor.h"
#include "everform/core/text/tokenizer.h"

namespace everform {

/// A compiled form, for one vocabulary. Shared by any number of generations at once.
class Constraint {
 public:
  virtual ~Constraint() = default;
  /// A processor that follows one generation: it rules out every token after which the text could no longer
  /// become one of the form. End tokens are allowed where the text is complete, and are all that is left
  /// where nothing may follow.
  /// @param prompt_tokens how many tokens of the context are the prompt, which the form does not bind
  virtual std::unique_ptr<LogitsProcessor> begin(std::size_t prompt_tokens) const = 0;
};

/// The vocabulary as a constraint sees it: the bytes of every token, and the tokens that end a generation.
struct ConstraintVocabulary {
  std::shared_ptr<const Tokenizer> tokenizer;
  std::vector<TokenId> end_tokens;
};

/// Properties are written in the order of the schema, which an nlohmann::json keeps sorted by name: parse
/// schemas of users as nlohmann::ordered_json. docs/how-to/constrained-output.md says what is supported.
/// Throws Error{kUsage} for a keyword that is not supported, naming its path in the schema
/// ("#/properties/a").
std::shared_ptr<const Constraint> json_schema_constraint(const nlohmann::ordered_json& schema,
                                                         const ConstraintVocabulary& vocabulary);
std::shared_ptr<const Constraint> json_schema_constraint(const nlohmann::json& schema,
                                                         const ConstraintVocabulary& vocabulary);
/// Any JSON object (`response_format` json_object).
std::shared_ptr<const Constraint> any_json_constraint(const ConstraintVocabulary& vocabulary);
/// The whole text matches. Throws Error{kUsage} with the offset of what is not understood.
std::shared_ptr<const Constraint> regex_constraint(std::string_view pattern,
                                                   const ConstraintVocabulary& vocabulary);
/// A grammar in GBNF, the notation of llama.cpp; its start symbol is `root`. Throws Error{kUsage} with line
/// and column.
std::shared_ptr<const Constraint> grammar_constraint(std::string_view grammar,
                                                     const ConstraintVocabulary& vocabulary);

}  // namespace everform
