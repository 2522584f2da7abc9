#include "everform/domains/automata/run_file.h"
#include "everform/domains/automata/score_table.h"
#include "everform/systems/lifegpt/lifegpt.h"
#include "everform/workbench/layers/init.h"
#include "everform/workbench/objectives/forgetful_masking.h"
#include "everform/workbench/objectives/next_token.h"
#include "everform/workbench/training/train_action.h"

namespace everform::lifegpt {
namespace {

/// The recipe with the action's own options in it, as the run keeps it.
Recipe with_options(const ActionRequest& request) {
  Recipe recipe = request.recipe;
  if (request.has("rule")) {
    recipe.set("data.rule", request.text("rule"));
  }
  if (request.has("width")) {
    recipe.set("data.widths", std::vector{request.integer("width")});
  }
  if (request.has("data")) {
    const std::string data = request.text("data");
    recipe.set(data == "broad" || data == "high" ? "data.order" : "data.states", data);
  }
  return recipe;
}

std::shared_ptr<const BatchSource> batch_source(const Recipe& recipe, const StepData& data,
                                                std::uint64_t seed) {
  const bool answer_only = recipe.text("objective.loss_on") == "answer";
  const std::int64_t batch = recipe.integer("training.batch");
  const std::int64_t samples = recipe.integer("data.samples");
  const std::string& states = recipe.text("data.states");
  const nlohmann::json identity = {
      {"rule", rule_text(data.rule)}, {"seed", seed}, {"samples", samples}, {"states", states}};
  if (states.empty() && samples == 0) {
    const auto fresh = [data, answer_only, batch, seed](std::int64_t step, std::int64_t item) {
      RandomStream random(seed, "lifegpt.data", static_cast<std::uint64_t>(step),
                          static_cast<std::uint64_t>(item));
      const Grid now = data.fresh_start(item, batch, random);
      return step_sample(now, data.next(now), data.strings, answer_only);
    };
    return std::make_shared<GeneratedSource>(fresh, identity);
  }
  const HeldOutSteps steps =
      states.empty() ? held_out_steps(data, samples, seed, "lifegpt.data") : steps_of_table(states);
  const auto element = [steps, strings = data.strings, answer_only](std::int64_t index, std::int64_t) {
    const auto at = static_cast<std::size_t>(index);
    return step_sample(steps.now[at], steps.next[at], strings, answer_only);
  };
  const DataSetSource::Options options{
      .size = static_cast<std::int64_t>(steps.now.size()), .batch = batch, .seed = seed};
  return std::make_shared<DataSetSource>(options, element, identity);
}

std::shared_ptr<Objective> objective(const std::shared_ptr<Transformer>& transformer, double forgotten) {
  NextTokenOptions options;
  options.prepare = [forgotten](TransformerInput& input, const Batch&, const StepContext& context) {
    if (context.training && forgotten > 0.0) {
      const torch::Tensor& tokens = input.tokens;
      input.key_mask =
          forgetful_key_mask(tokens.size(0), tokens.size(1), forgotten, context).to(tokens.device());
    }
  };
  return std::make_shared<NextToken>(transformer, options);
}

}  // namespace

TrainingJob make_job(const ActionRequest& request, Model& model) {
  TrainingJob job = training_job(request);
  job.recipe = with_options(request);
  model = {std::make_shared<Transformer>(network(job.recipe)), step_data(job.recipe)};
  model.transformer->set_checkpoint_blocks(job.recipe.boolean("training.gradient_checkpointing"));
  initialise(*model.transformer, job.seed,
             {.deviation = job.recipe.number("model.initial_deviation"),
              .depth = job.recipe.integer("model.depth")});
  model.transformer->to(job.device);
  job.modules[""] = model.transformer;
  job.objective = objective(model.transformer, job.recipe.number("objective.forget"));
  job.batches = batch_source(job.recipe, model.data, job.seed);
  job.config = to_json(model.transformer->config());
  constexpr std::int64_t kWatchedGrids = 64;
  const HeldOutSteps steps = held_out_steps(model.data, kWatchedGrids, job.seed, "lifegpt.watched");
  job.evaluate = [model, steps, seed = job.seed](std::int64_t) -> std::map<std::string, double> {
    const ScoreRow row = score_row("watched", steps, model.data.strings, 0.0, model.completer(0.0, seed));
    return {{"cell_accuracy", row.model.accuracy()},
            {"exact_rate", row.model.exact_rate()},
            {"all_dead_cell_accuracy", row.all_dead.accuracy()}};
  };
  job.watched = "cell_accuracy";
  job.lower_is_better = false;
  job.sample = [model, seed = job.seed](std::int64_t, const std::filesystem::path& folder) {
    RandomStream random(seed, "lifegpt.samples");
    const Grid start = random_grid(model.data.widths[0], model.data.widths[0], 0.35, random);
    write_rollout_pictures(folder, "rollout", start, 15, model.data, model.completer(0.0, seed));
    return std::vector{folder / "rollout.png"};
  };
  return job;
}

}  // namespace everform::lifegpt
