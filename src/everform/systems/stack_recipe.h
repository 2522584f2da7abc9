// The keys under model.* that most stacks have, and stacks that are known by name.
#pragma once

#include <cstdint>
#include <string>

#include "everform/core/recipes/recipe.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// Values of a recipe that says nothing else.
struct StackDefaults {
  std::int64_t width = 64;
  std::int64_t depth = 4;
  std::int64_t heads = 4;
  std::int64_t least_width = 1;
};

/// Adds model.width, model.depth, model.heads and model.initial_deviation.
void add_stack_keys(RecipeSchema& schema, const StackDefaults& defaults);

/// GPT-2's block (Radford et al. 2019) of those sizes: layer norms first, biases everywhere, tanh GELU over
/// four times the width, learned positions. @param context rows of their table
TransformerConfig gpt2_stack(const Recipe& recipe, std::int64_t context);

/// Parameters of a stack that reads and gives vectors through linear maps with bias.
/// @param mixer of its blocks: attention, linear-attention, retention, lstm
std::int64_t vector_stack_parameters(const TransformerConfig& config, const std::string& mixer,
                                     std::int64_t width_in, std::int64_t width_out);

}  // namespace everform
