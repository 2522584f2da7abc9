// In-context problems as samples to train on.
#pragma once

#include <string>

#include "everform/core/io/sample_supply.h"
#include "everform/core/recipes/recipe.h"

namespace everform::functions {

/// The sequences of the recipe's table (data.path) where it names one, else fresh ones of its law.
SampleSupply training_samples(const Recipe& recipe, std::uint64_t seed);

/// Throws Error{kUsage} where a network of `dimensions` coordinates and `rows` rows cannot read the recipe's
/// problems, two rows a point. @param system its name, for the message
void check_problem_fits(const Recipe& recipe, std::int64_t dimensions, std::int64_t rows,
                        const std::string& system);

}  // namespace everform::functions
