// Steps of an automaton as a system takes them from its recipe and its command line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "everform/core/io/sample_supply.h"
#include "everform/core/recipes/action_request.h"
#include "everform/domains/automata/step_data.h"

namespace everform {

/// Adds data.rule, data.edge, data.widths, data.padded_cells, data.order, data.samples and data.states.
void add_step_keys(RecipeSchema& schema);
/// The automaton and the grids of a recipe. Throws Error{kUsage} where its values do not go together.
StepData step_data(const Recipe& recipe);

/// Steps to train on: of the recipe's table (data.states), of a fixed set of data.samples, or fresh ones.
/// @param answer_only see step_sample @param purpose of the draws
SampleSupply step_supply(const Recipe& recipe, bool answer_only, std::uint64_t seed, std::string purpose);

/// The option --width of an action.
OptionSpec width_option();
/// The options --rule, --width and --data of a training.
std::vector<OptionSpec> training_step_options();
/// The request's recipe with those options in it, as a run keeps it.
Recipe recipe_with_steps(const ActionRequest& request);
/// What a model is asked about: the recipe's steps, with --width in place of its widths.
StepData requested_steps(const ActionRequest& request);

/// The options --input and --pattern, which name a start.
std::vector<OptionSpec> start_options();
/// Whether a request names one.
bool names_start(const ActionRequest& request);
/// That start on the smallest grid of `data` that holds it. Throws Error{kUsage} where none is named.
Grid chosen_start(const ActionRequest& request, const StepData& data);

/// The verb `tokenize`: the prompt of a start, byte by byte.
ActionResult tokenize_start(const ActionRequest& request);

}  // namespace everform
