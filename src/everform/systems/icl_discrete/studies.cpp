// The verbs evaluate and analyse.
#include "everform/core/base/error.h"
#include "everform/domains/functions/curve_actions.h"
#include "everform/domains/functions/head_hypothesis.h"
#include "everform/systems/icl_discrete/icl_discrete.h"
#include "everform/workbench/evaluation/head_study.h"
#include "everform/workbench/evaluation/training_study.h"
#include "everform/workbench/training/train_action.h"

namespace everform::icl_discrete {

namespace {

constexpr std::int64_t kStudied = 256;  // sequences, where the request does not say
constexpr std::int64_t kEvaluated = 1024;

ActionResult study_model_heads(const ActionRequest& request) {
  const Model model = load_model(request);
  const auto [sequences, pairs] = functions::head_hypothesis(
      request.text("heads"), functions::requested_sequences(request, model.recipe, kStudied));
  const HeadStudy study =
      study_heads(*model.network, {.vectors = model.vectors(sequences)}, pairs.queries, pairs.keys);
  ActionResult result{.json = to_json(study), .text = to_text(study)};
  result.json["heads"] = request.text("heads");
  return result;
}

/// Trains a model for each choice of a key, from each of the starts.
ActionResult study_choices(const ActionRequest& request, const Recipe& recipe, const std::string& key,
                           const std::vector<StudyStart>& starts) {
  const auto sequences = functions::requested_sequences(request, recipe, kStudied);
  const std::string& task = recipe.text("task.name");
  StudyTable table({"mean", "last_quarter"});
  study_trainings(table, variants_of(recipe, key, request.card->schema.find(key)->choices, starts),
                  run_path(request).string() + "-study", task,
                  [&](const StudyVariant& variant, const std::filesystem::path& run) -> StudyFigures {
                    const Model model =
                        train_small(variant.recipe, request.common.seed, run, variant.name, variant.start);
                    const auto curve = model.curve(variant.name, sequences);
                    return {{curve.mean(), curve.last_quarter()}, trained_parameters(*model.network)};
                  });
  for (const char* learner : {"nn1", "null"}) {
    const auto curve = functions::learner_curve(learner, sequences);
    table.add(learner, {curve.mean(), curve.last_quarter()}, std::nullopt);
  }
  return {.json = {{"task", task}, {"rows", table.rows()}},
          .text = "accuracy: mean, last quarter\n" + table.text()};
}

}  // namespace

ActionResult evaluate(const ActionRequest& request) {
  if (request.has("llm")) {
    return functions::evaluate_language_model(request);
  }
  const Model model = load_model(request);
  return functions::evaluate_learner(request, model.recipe, kEvaluated,
                                     [&](Sequences sequences) { return model.curve("model", sequences); });
}

ActionResult analyse(const ActionRequest& request) {
  if (request.has("heads")) {
    return study_model_heads(request);
  }
  Recipe recipe = functions::recipe_with_task(request, request.recipe);
  if (request.flag("backbones")) {
    return study_choices(request, recipe, "model.backbone", {{}});
  }
  if (!request.flag("frozen")) {
    throw Error(ErrorKind::kUsage, "everform analyse icl-discrete", "no study is named",
                "give --heads, --backbones or --frozen");
  }
  std::vector<StudyStart> starts = {{"fresh, frozen: ", ""}};
  if (!request.model.empty()) {
    recipe = load_model(request).recipe;
    starts.push_back({"pretrained, frozen: ", request.model});
  }
  recipe.set("task.name", request.has("task") ? request.text("task") : "nearest-neighbour");
  return study_choices(request, recipe, "adaptation.freeze", starts);
}

}  // namespace everform::icl_discrete
