// Tuning a pretrained transformer: all of its weights, or an adapter's alone.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "everform/core/recipes/recipe.h"
#include "everform/workbench/adaptation/adapter.h"
#include "everform/workbench/training/trainer.h"

namespace everform {

/// A pretrained transformer with what is trained of it.
struct TunedTransformer {
  std::shared_ptr<Transformer> transformer;
  std::unique_ptr<Adapter> adapter;  ///< nullptr where all weights are trained
};

/// The adapter of a recipe's keys tuning.kind ("lora", "prompt", "full"), tuning.rank, .alpha, .targets and
/// .prompt_tokens; nullptr for "full".
std::unique_ptr<Adapter> make_adapter(const Recipe& recipe, std::uint64_t seed);

/// Attaches the recipe's adapter to a loaded transformer and makes it what the job trains by next-token
/// prediction; batches are still to be set. The run ends with a plain decoder with LoRA merged in, or with
/// the soft prompt alone. @param tuned outlives the job
void set_tuning(TrainingJob& job, TunedTransformer& tuned);

/// Largest change of a logit when a saved adapter is merged into a model. In double precision, so that what
/// is left is not the order of sums. @param model, adapter_file paths @param tokens of one sequence
double merging_difference(const std::filesystem::path& model, const std::filesystem::path& adapter_file,
                          const std::vector<std::int64_t>& tokens);

}  // namespace everform
