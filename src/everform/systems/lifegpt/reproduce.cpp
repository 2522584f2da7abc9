#include "everform/core/io/loss_curve.h"
#include "everform/core/io/report.h"
#include "everform/domains/automata/known_facts.h"
#include "everform/domains/automata/pattern_file.h"
#include "everform/domains/automata/run_file.h"
#include "everform/domains/automata/step_scores.h"
#include "everform/systems/lifegpt/lifegpt.h"
#include "everform/workbench/evaluation/hidden_keys.h"
#include "everform/workbench/objectives/forgetful_masking.h"

namespace everform::lifegpt {
namespace {

constexpr std::int64_t kGrids = 256;
constexpr int kDraws = 4;
constexpr std::int64_t kQuickSteps = 1500;
constexpr auto kNoBaseline = std::nullopt;

/// Statements 1, 2, 3 and the bad input of 6, which hold for any weights.
void claim_facts(Report& report, const SystemCard& card, std::uint64_t seed) {
  const Recipe paper = resolve_recipe({"lifegpt", &card.schema, card.recipe, "paper"});
  const TransformerConfig published = network(paper);
  const auto parameters = static_cast<double>(parameter_count(published));
  report.claim({"1", "parameters of the published network", parameters, kNoBaseline, "==", 12'735'744});
  const auto bytes = static_cast<double>(published.context);
  report.claim({"1b", "bytes of a 32 x 32 sample", bytes, kNoBaseline, "==", 2071});
  const FactCount strings = check_string_facts(seed);
  report.check("1c", "32 x 32 samples that read back as their two grids", strings.passed, strings.run);
  const FactCount oracle = check_oracle_facts();
  report.check("2", "block, blinker, glider and RLE facts", oracle.passed, oracle.run);
  const double follower = rule_follower_accuracy(seed, 50);
  report.claim(
      {"3", "50-step rollout accuracy of a model that follows the rule", follower, kNoBaseline, "==", 1});
  const FactCount rollout = check_rollout_facts(seed, 50, 10);
  report.check("3b", "error curve after one flipped bit is the orbits' divergence", rollout.passed,
               rollout.run);
  const FactCount bad = check_bad_input_facts();
  report.check("6d", "bad grids are refused with line and column", bad.passed, bad.run);
}

/// Statement 6: what forgetful masking hides.
void claim_masking(Report& report, const Model& model, std::uint64_t seed) {
  constexpr std::int64_t kSequences = 64;
  const std::int64_t tokens = model.transformer->config().context;
  const torch::Tensor hidden = forgetful_key_mask(kSequences, tokens, 0.15, {.seed = seed}).logical_not();
  const double first = hidden.select(1, 0).sum().item<double>();
  report.claim({"6", "sequences whose position 0 is hidden", first, kNoBaseline, "==", 0});
  const std::int64_t wanted = tokens * 15 / 100;
  const auto right = hidden.sum(1).eq(wanted).sum().item<std::int64_t>();
  report.check("6b", "sequences with exactly floor(0.15 T) hidden keys", static_cast<std::size_t>(right),
               kSequences);
  const torch::Tensor text = torch::full({kSequences, tokens}, '0', torch::kLong);
  const auto effect = [&](bool masked) {
    return hidden_key_effect(*model.transformer, text, text + 1, hidden, masked);
  };
  report.claim(
      {"6c", "change of logits when hidden bytes are replaced (baseline: without the mask, as in evaluation)",
       effect(true), effect(false), "==", 0});
}

/// Statements 4 and 5 on fresh grids. @param watched accuracy by step during the training
void claim_accuracy(Report& report, const Model& model, const std::map<std::int64_t, double>& watched,
                    std::uint64_t seed) {
  const HeldOutSteps steps = held_out_steps(model.data, kGrids, seed, "automata.held_out");
  const CellScore score = score_completions(steps, model.data.strings, model.completer(0.0, seed));
  const CellScore dead = score_all_dead(steps);
  const CellScore copy = score_copy(steps);
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
      score_completions(steps.repeated(kDraws), model.data.strings, model.completer(1.0, seed));
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
  const std::uint64_t seed = request.common.seed;
  Report report("lifegpt", request.card->title, seed, request.quick);
  const std::filesystem::path folder = report_folder(request);
  claim_facts(report, *request.card, seed);

  ActionRequest training = request;
  if (request.quick) {
    training.recipe.set("training.steps", std::min(kQuickSteps, request.recipe.integer("training.steps")));
  }
  Model model;
  TrainingJob job = make_job(training, model);
  std::map<std::int64_t, double> watched;
  job.evaluate = [&watched, evaluate = job.evaluate](std::int64_t step) {
    std::map<std::string, double> figures = evaluate(step);
    watched[step] = figures.at("cell_accuracy");
    return figures;
  };
  const TrainingResult result = train(job, folder / "run", false);
  claim_accuracy(report, model, watched, seed);
  claim_masking(report, model, seed);
  const Grid glider = start_from_pattern("", "glider", model.data.widths, model.data.rule);
  write_rollout_pictures(folder, "glider", glider, 23, model.data, model.completer(0.0, seed));
  report.picture("glider.gif", "A glider rolled out: the automaton left, the model right, wrong cells red");
  report.picture("glider.png", "The generations that the model wrote");
  write_loss_curve(folder / "run" / "metrics.jsonl", folder / "loss.svg", "Training loss");
  report.picture("loss.svg", "Loss on the bytes of the answer");
  report.note(
      "Trained for " + std::to_string(result.steps) +
      " steps on fresh starts. Answers are generated byte by byte; " +
      "a missing cell counts as wrong. Order parameters of the scored grids run from 0 to 1 in equal steps.");
  return report.finish(folder);
}

}  // namespace everform::lifegpt
