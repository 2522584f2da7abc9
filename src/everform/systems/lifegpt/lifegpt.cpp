#include "everform/systems/lifegpt/lifegpt.h"

#include "everform/domains/automata/run_file.h"
#include "everform/domains/automata/score_table.h"
#include "everform/domains/automata/step_actions.h"
#include "everform/domains/automata/step_recipe.h"
#include "everform/workbench/models/weights_io.h"
#include "everform/workbench/objectives/forgetful_masking.h"
#include "everform/workbench/objectives/next_token.h"
#include "everform/workbench/sampling/byte_completion.h"
#include "everform/workbench/training/network_job.h"
#include "everform/workbench/training/sample_source.h"
#include "everform/workbench/training/train_action.h"
#include "everform/workbench/training/trained_run.h"

namespace everform {
namespace lifegpt {

PromptCompleter Model::completer(double temperature, std::uint64_t seed) const {
  return [model = *this, temperature, seed](const std::vector<std::string>& prompts,
                                            std::int64_t generation) {
    const GridString& strings = model.data.strings;
    const auto longest = [&](const std::string& prompt) {
      return strings.answer_bytes(static_cast<std::int64_t>(prompt.size()) - GridString().prompt_bytes(0));
    };
    return complete_bytes(*model.transformer, prompts, longest,
                          {.temperature = temperature,
                           .end = GridString::kEnd,
                           .seed = seed,
                           .purpose = "lifegpt.generation." + std::to_string(generation)});
  };
}

namespace {

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
  job.recipe = recipe_with_steps(request);
  model = {std::make_shared<Transformer>(network(job.recipe)), step_data(job.recipe)};
  set_fresh_network(job, model.transformer);
  job.objective = objective(model.transformer, job.recipe.number("objective.forget"));
  const bool answer_only = job.recipe.text("objective.loss_on") == "answer";
  job.batches = sample_batches(step_supply(job.recipe, answer_only, job.seed, "lifegpt.data"),
                               job.options.batch, job.seed);
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

}  // namespace lifegpt

void bind_lifegpt(SystemRuntime& runtime) {
  using StepAction = ActionResult (*)(const ActionRequest&, const StepData&, const HeatedCompleter&);
  constexpr std::pair<const char*, StepAction> kOnModel[] = {
      {"generate", generate_rollouts}, {"evaluate", evaluate_steps}, {"analyse", analyse_rollouts}};
  for (const auto& [verb, on_model] : kOnModel) {
    runtime.bind("lifegpt", verb, [act = on_model](const ActionRequest& request) {
      const lifegpt::Model model{load_transformer(named_model(request, "runs/life")),
                                 requested_steps(request)};
      model.transformer->to(training_device(request.common.device));
      return act(request, model.data,
                 [&](double temperature) { return model.completer(temperature, request.common.seed); });
    });
  }
  runtime.bind("lifegpt", "train", [](const ActionRequest& request) {
    lifegpt::Model model;
    return train_action(request, [&] { return lifegpt::make_job(request, model); });
  });
  runtime.bind("lifegpt", "reproduce", lifegpt::reproduce);
}

}  // namespace everform
