// Checking one value against its key: type, range, choices.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "everform/core/recipes/recipe.h"

namespace everform {

/// "an integer in 1..512", for messages.
std::string expected_of(const RecipeKey& key);

/// The value in the key's own type (an integer is taken for a number). Throws Error{kUsage} at `where`,
/// naming the key, what was found and what is right.
nlohmann::json checked_value(const RecipeKey& key, nlohmann::json value, const std::string& where);

}  // namespace everform
