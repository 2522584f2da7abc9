#include "everform/domains/automata/fact_claims.h"
#include "everform/domains/automata/pattern_file.h"
#include "everform/domains/automata/run_file.h"
#include "everform/domains/automata/score_table.h"
#include "everform/systems/lifegpt/lifegpt.h"
#include "everform/workbench/evaluation/forgetting_facts.h"
#include "everform/workbench/evaluation/reproduction.h"

namespace everform::lifegpt {
namespace {

constexpr std::int64_t kGrids = 256;
constexpr int kDraws = 4;
constexpr std::int64_t kQuickSteps = 1500;
constexpr auto kNoBaseline = std::nullopt;

/// Statements 1, 2, 3 and the bad input of 6, which hold for any weights.
void claim_facts(Reproduction& run) {
  const TransformerConfig published = network(run.preset("paper"));
  run.count("1", "parameters of the published network", parameter_count(published), 12'735'744);
  run.count("1b", "bytes of a 32 x 32 sample", published.context, 2071);
  claim_automaton_facts(run.report(), run.seed());
}

/// Statement 6: what forgetful masking hides.
void claim_masking(Reproduction& run, const Model& model) {
  const ForgettingFacts facts = measure_forgetting(*model.transformer, 0.15, 64, run.seed());
  run.count("6", "sequences whose position 0 is hidden", facts.first_hidden, 0);
  run.report().check("6b", "sequences with exactly floor(0.15 T) hidden keys",
                     static_cast<std::size_t>(facts.exact), static_cast<std::size_t>(facts.sequences));
  run.report().claim(
      {"6c", "change of logits when hidden bytes are replaced (baseline: without the mask, as in evaluation)",
       facts.effect, facts.unmasked_effect, "==", 0});
}

/// Statements 4 and 5 on fresh grids. @param watched accuracy by step during the training
void claim_accuracy(Reproduction& run, const Model& model, const std::map<std::int64_t, double>& watched) {
  const HeldOutSteps steps = held_out_steps(model.data, kGrids, run.seed(), "automata.held_out");
  const ScoreRow row =
      score_row("held out", steps, model.data.strings, 0.0, model.completer(0.0, run.seed()));
  const CellScore& score = row.model;
  const CellScore& dead = row.all_dead;
  const CellScore& copy = row.unchanged;
  Report& report = run.report();
  const auto against = [&](const CellScore& other) {
    return (1 - score.accuracy()) / (1 - other.accuracy());
  };
  report.compare({"4", "cell accuracy on 256 fresh grids, greedy and free-running (baseline: all dead)",
                  score.accuracy(), dead.accuracy(), ">=", 0.975, score.interval()});
  report.compare({"4b", "error as a share of the all-dead answer's", against(dead), 1.0, "<=", 0.25});
  report.compare({"4c", "error as a share of the unchanged grid's", against(copy), 1.0, "<=", 0.25});
  const double gain = score.exact_rate() - dead.exact_rate();
  report.compare({"4d", "exact grids above the all-dead answer's", gain, 0.0, ">=", 0.15});
  const auto [early, accuracy] = *watched.begin();
  report.claim({"4e", "a run stopped after " + std::to_string(early) + " steps fails", accuracy, kNoBaseline,
                "<", 0.975});

  const CellScore warm =
      score_completions(steps.repeated(kDraws), model.data.strings, model.completer(1.0, run.seed()));
  const double difference = score.accuracy() - warm.accuracy();
  report.claim(
      {"5", "cell accuracy at T=0 above T=1 (256 grids, 4 draws each)", difference, kNoBaseline, ">=", 0});
  const double lower = std::min(score.accuracy(), warm.accuracy());
  if (lower > 0.999) {
    report.claim({"5b", "the lower of both accuracies", lower, kNoBaseline, ">", 0.999});
  } else {
    report.claim({"5b", "the two differ", difference, kNoBaseline, ">=", 0.003});
  }
  report.add(Comparison{"One step on held-out grids",
                        "cell accuracy",
                        true,
                        {{"LifeGPT, T=0", score.accuracy(), score.interval()},
                         {"LifeGPT, T=1", warm.accuracy(), warm.interval()},
                         {"all dead", dead.accuracy(), dead.interval(), true},
                         {"unchanged", copy.accuracy(), copy.interval()}}});
}

}  // namespace

ActionResult reproduce(const ActionRequest& request) {
  Reproduction run(request);
  claim_facts(run);

  ActionRequest training = request;
  training.recipe = run.recipe(kQuickSteps);
  Model model;
  TrainingJob job = make_job(training, model);
  std::map<std::int64_t, double> watched;
  job.evaluate = [&watched, evaluate = job.evaluate](std::int64_t step) {
    std::map<std::string, double> figures = evaluate(step);
    watched[step] = figures.at("cell_accuracy");
    return figures;
  };
  const TrainingResult result = run.train(job, "run");
  claim_accuracy(run, model, watched);
  claim_masking(run, model);
  const Grid glider = start_from_pattern("", "glider", model.data.widths, model.data.rule);
  write_rollout_pictures(run.folder(), "glider", glider, 23, model.data, model.completer(0.0, run.seed()));
  Report& report = run.report();
  report.picture("glider.gif", "A glider rolled out: the automaton left, the model right, wrong cells red");
  report.picture("glider.png", "The generations that the model wrote");
  run.show_loss("run", "Training loss", "Loss on the bytes of the answer");
  report.note(
      "Trained for " + std::to_string(result.steps) +
      " steps on fresh starts. Answers are generated byte by byte; " +
      "a missing cell counts as wrong. Order parameters of the scored grids run from 0 to 1 in equal steps.");
  return run.finish();
}

}  // namespace everform::lifegpt
