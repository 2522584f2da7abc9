// The options of text generation as a command line or a request brings them.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "everform/core/decoding/generation.h"
#include "everform/core/recipes/system_card.h"

namespace everform {

/// Defaults in which verbs differ.
struct GenerationDefaults {
  std::int64_t max_tokens = 128;
  double temperature = 0.8;
  double top_p = 1.0;
};

/// The form that --json-schema, --json-object, --regex or --grammar asks for, as text: it is compiled once
/// the vocabulary is known.
struct FormChoice {
  enum class Kind { kNone, kJsonSchema, kJsonObject, kRegex, kGrammar } kind = Kind::kNone;
  std::string text;  ///< the schema (valid JSON), the pattern or the grammar
};

/// --max-tokens, --temperature, --top-k, --top-p, --min-p, --typical, the penalties, XTC, mirostat, --stop,
/// --beams, the forms, --speculate, --draft, --draft-tokens.
std::vector<OptionSpec> generation_options(const GenerationDefaults& defaults);

struct GenerationChoice {
  SamplingOptions sampling;
  std::size_t max_tokens = 0;
  std::vector<std::string> stop;
  std::size_t beams = 0;  ///< 0: no beam search
  FormChoice form;
  bool speculate_ngram = false;
  std::string draft;  ///< a model that guesses ahead; empty: none
  std::size_t draft_tokens = 8;
};

/// Reads the options of generation_options(). Throws Error{kUsage} naming the option and its range, or
/// options that exclude each other; kMissing and kBadInput for files of forms.
GenerationChoice read_generation(const nlohmann::json& options);

}  // namespace everform
