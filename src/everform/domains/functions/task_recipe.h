// In-context problems as a system takes them from its recipe and its command line.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "everform/core/recipes/action_request.h"
#include "everform/domains/functions/task_law.h"

namespace everform::functions {

/// Adds task.name, task.n, task.points, task.drawn_labels and data.path.
void add_task_keys(RecipeSchema& schema);
/// The options --task, --n, --points and --data of an action, before `more`.
std::vector<OptionSpec> with_task_options(std::vector<OptionSpec> more);
/// A recipe with those options of the request in it.
Recipe recipe_with_task(const ActionRequest& request, Recipe recipe);

SequenceShape sequence_shape(const Recipe& recipe);

/// `count` sequences: of the recipe's data.path where it names a table (all of them where there are fewer),
/// else drawn from its law.
/// @param purpose keeps the draws of training, evaluation and generation apart
std::vector<LabelledSequence> make_sequences(const Recipe& recipe, std::size_t count, std::uint64_t seed,
                                             std::string_view purpose);

/// The verb `generate`: option `count` sequences as CSV into --out, or onto stdout without one.
ActionResult generate_sequences(const ActionRequest& request);

}  // namespace everform::functions
