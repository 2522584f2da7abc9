// The system's claims, each beside its baseline of the same run.
#include "everform/domains/functions/curve_actions.h"
#include "everform/domains/functions/law_checks.h"
#include "everform/domains/functions/law_claims.h"
#include "everform/systems/icl_discrete/icl_discrete.h"
#include "everform/workbench/evaluation/causality.h"
#include "everform/workbench/evaluation/reproduction.h"
#include "everform/workbench/evaluation/training_study.h"

namespace everform::icl_discrete {

namespace {

constexpr std::int64_t kQuickSteps = 1000;
constexpr std::size_t kSequences = 2048;

Recipe recipe_for(const Reproduction& run, const std::string& task) {
  Recipe recipe = run.recipe(kQuickSteps);
  recipe.set("task.name", task);
  return recipe;
}

Model trained(const Reproduction& run, const std::string& task) {
  return train_small(recipe_for(run, task), run.seed(), run.folder() / "runs" / task, task);
}

std::vector<functions::LabelledSequence> fresh(const Reproduction& run, const std::string& task,
                                               std::size_t count = kSequences) {
  return functions::make_sequences(recipe_for(run, task), count, run.seed(), "functions.reproduce");
}

/// Statements 1 and 6.
void claim_laws(Reproduction& run) {
  functions::claim_task_laws(run.report());
  run.count("6", "parameters of the published network",
            trained_parameters(*make_model(run.preset("paper")).network), 9'562'113);
  run.check("6b", "bad tables are refused, with the row's line where one is to blame",
            functions::check_bad_tables());
}

/// Statements 2 and 5.
void claim_learning(Reproduction& run) {
  const Model model = trained(run, "conjunction");
  const auto sequences = fresh(run, "conjunction");
  functions::add_curves(
      run.report(), run.folder(), "conjunction", "Conjunctions: accuracy at each example index",
      functions::claim_conjunctions(run.report(), model.curve("model", sequences), sequences));
  run.show_loss("runs/conjunction", "Training on conjunctions", "Loss of the training on conjunctions");
  const std::int64_t unchanged =
      causal_places(*model.network, model.vectors(Sequences(sequences).first(8)), 2);
  run.report().check("5",
                     "indices whose logits stay the same bits when their label and all later rows change",
                     static_cast<std::size_t>(unchanged), sequences.front().points.size());
}

/// Statement 3.
void claim_teaching(Reproduction& run) {
  const Model plain = trained(run, "mono-conjunction");
  const Model teach = trained(run, "teach-conjunction");
  const Model mixed = trained(run, "mixed-conjunction");
  const auto random_start = fresh(run, "mono-conjunction");
  const auto lesson_start = fresh(run, "teach-conjunction");
  const functions::LessonCurves curves{
      .taught = teach.curve("teaching, after lessons", lesson_start),
      .mixed_taught = mixed.curve("mixture, after lessons", lesson_start),
      .mixed = mixed.curve("mixture, random start", random_start),
      .plain = plain.curve("plain, random start", random_start),
      .mixed_after_lesson = functions::accuracy_after_lessons(lesson_start, mixed.judge(lesson_start))};
  functions::add_curves(run.report(), run.folder(), "teaching",
                        "Monotone conjunctions with and without lessons",
                        functions::claim_lessons(run.report(), curves));
}

/// Statement 4.
void claim_parity(Reproduction& run) {
  const Model model = trained(run, "parity");
  const auto sequences = fresh(run, "parity", 2 * kSequences);
  functions::add_curves(run.report(), run.folder(), "parity", "Parity: accuracy at each example index",
                        functions::claim_parities(run.report(), model.curve("model", sequences), sequences));
}

}  // namespace

ActionResult reproduce(const ActionRequest& request) {
  Reproduction run(request);
  claim_laws(run);
  claim_learning(run);
  claim_teaching(run);
  claim_parity(run);
  run.report().note(
      "Every model is the recipe's network, trained alone on fresh sequences of its task; accuracies are "
      "over " +
      std::to_string(kSequences) +
      " further sequences. Shares of positives are checked with draws of a fixed seed.");
  return run.finish();
}

}  // namespace everform::icl_discrete
