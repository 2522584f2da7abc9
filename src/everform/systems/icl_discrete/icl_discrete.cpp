#include "everform/systems/icl_discrete/icl_discrete.h"

#include "everform/domains/functions/batched_judge.h"
#include "everform/domains/functions/curve_actions.h"
#include "everform/domains/functions/training_samples.h"
#include "everform/workbench/adaptation/freeze.h"
#include "everform/workbench/evaluation/strided_answers.h"
#include "everform/workbench/models/mixer_kind_names.h"
#include "everform/workbench/objectives/per_position_bce.h"
#include "everform/workbench/training/network_job.h"
#include "everform/workbench/training/sample_source.h"
#include "everform/workbench/training/train_action.h"
#include "everform/workbench/training/trained_run.h"

namespace everform {
namespace icl_discrete {

namespace {

constexpr std::int64_t kRowsPerExample = 2;

}  // namespace

torch::Tensor Model::vectors(Sequences sequences) const {
  std::vector<Sample> samples;
  std::transform(sequences.begin(), sequences.end(), std::back_inserter(samples), functions::encode_sequence);
  return collate(samples).at("vectors").to(network->lm_head->weight.device());
}

functions::SequenceJudge Model::judge(Sequences sequences) const {
  return functions::batched_judge(sequences, [model = *this](Sequences some) {
    return strided_answers(*model.network, model.vectors(some), kRowsPerExample);
  });
}

functions::AccuracyCurve Model::curve(const std::string& name, Sequences sequences) const {
  return functions::accuracy_curve(name, sequences, judge(sequences));
}

Model make_model(const Recipe& recipe, const std::optional<Recipe>& problems) {
  const TransformerOptions options{.mixer = mixer_kind_from_name(recipe.text("model.backbone")),
                                   .width_in = recipe.integer("task.n"),
                                   .width_out = 1};
  const TransformerConfig config = icl_discrete_card().network(recipe);
  const Model model{problems.value_or(recipe), std::make_shared<Transformer>(config, options)};
  functions::check_problem_fits(model.recipe, options.width_in, config.context, "icl-discrete");
  return model;
}

Model load_model(const ActionRequest& request) {
  const Recipe recipe = recipe_of_run(request, named_model(request, "runs/conj"));
  const Model model = make_model(recipe, functions::recipe_with_task(request, recipe));
  load_for_use(*model.network, request);
  return model;
}

Model compose(TrainingJob& job, const std::filesystem::path& start) {
  const Model model = make_model(job.recipe);
  set_fresh_network(job, model.network);
  if (!start.empty()) {
    load_trained_weights(*model.network, start);
  }
  freeze(*model.network, freeze_from_name(job.recipe.text("adaptation.freeze")));
  job.objective = std::make_shared<PerPositionBce>(model.network, kRowsPerExample);
  job.batches = sample_batches(functions::training_samples(job.recipe, job.seed),
                               job.recipe.integer("training.batch"), job.seed);
  job.config = {{"model_type", "icl-discrete"}, {"recipe", job.recipe.to_json()}};
  job.watched = "last_quarter";
  job.lower_is_better = false;
  job.evaluate = [model, seed = job.seed](std::int64_t) {
    return functions::figures_of(
        model.curve("model", functions::make_sequences(model.recipe, 256, seed, "functions.watched")));
  };
  return model;
}

Model train_small(const Recipe& recipe, std::uint64_t seed, const std::filesystem::path& run,
                  const std::string& label, const std::filesystem::path& start) {
  TrainingJob job{.name = label, .recipe = recipe, .options = training_options(recipe), .seed = seed};
  const Model model = compose(job, start);
  train(job, run, /*resume=*/false, /*overwrite=*/true);
  return model;
}

}  // namespace icl_discrete

void bind_icl_discrete(SystemRuntime& runtime) {
  runtime.bind("icl-discrete", "train", [](const ActionRequest& request) {
    ActionRequest resolved = request;
    resolved.recipe = functions::recipe_with_task(request, request.recipe);
    return train_action(resolved, [&] {
      TrainingJob job = training_job(resolved);
      icl_discrete::compose(job, request.has("start") ? request.text("start") : "");
      return job;
    });
  });
  runtime.bind("icl-discrete", "evaluate", icl_discrete::evaluate);
  runtime.bind("icl-discrete", "analyse", icl_discrete::analyse);
  runtime.bind("icl-discrete", "reproduce", icl_discrete::reproduce);
}

}  // namespace everform
