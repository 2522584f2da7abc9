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

/// --max-tokens, --temperature, --top-k, --top-p, --min-p, --typical, the penalties, --stop, --beams.
std::vector<OptionSpec> generation_options(const GenerationDefaults& defaults);

struct GenerationChoice {
  SamplingOptions sampling;
  std::size_t max_tokens = 0;
  std::vector<std::string> stop;
  std::size_t beams = 0;  ///< 0: no beam search
};

/// Reads the options of generation_options(). Throws Error{kUsage} naming the option and its range.
GenerationChoice read_generation(const nlohmann::json& options);

}  // namespace everform
