// --engine and --activations: which machinery runs a decoder, and in what numbers.
#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "everform/core/recipes/system_card.h"
#include "everform/domains/language/language_model.h"

namespace everform {

std::vector<OptionSpec> engine_options();

/// Reads the options of engine_options(); the fast engine where nothing is said. Throws Error{kUsage} for
/// int8 activations of the plain engine.
LanguageModelOptions read_engine(const nlohmann::json& options);

}  // namespace everform
