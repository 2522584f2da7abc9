// The system's claims, each beside its baseline of the same run.
#include <cmath>

#include "everform/core/base/atomic_file.h"
#include "everform/core/io/loss_curve.h"
#include "everform/core/io/report.h"
#include "everform/domains/functions/law_checks.h"
#include "everform/domains/functions/learner.h"
#include "everform/systems/icl_discrete/icl_discrete.h"
#include "everform/workbench/objectives/per_position_bce.h"

namespace everform::icl_discrete {

namespace {

using functions::AccuracyCurve;
using Sequences = std::vector<functions::LabelledSequence>;

constexpr std::int64_t kQuickSteps = 1000;
constexpr std::size_t kSequences = 2048;

/// Trains and judges the models of one reproduction and keeps its report.
class Reproduction {
 public:
  explicit Reproduction(const ActionRequest& request)
      : request_(request),
        folder_(report_folder(request)),
        report_("icl-discrete", request.card->title, request.common.seed, request.quick) {}

  ActionResult run() {
    claim_laws();
    claim_learning();
    claim_teaching();
    claim_parity();
    report_.note(
        "Every model is the recipe's network, trained alone on fresh sequences of its task; accuracies are "
        "over " +
        std::to_string(kSequences) +
        " further sequences. Shares of positives are checked with draws of a fixed seed.");
    return report_.finish(folder_);
  }

 private:
  Recipe recipe_for(const std::string& task) const {
    Recipe recipe = request_.recipe;
    recipe.set("task.name", task);
    if (request_.quick) {
      recipe.set("training.steps", kQuickSteps);
    }
    return recipe;
  }
  Model trained(const std::string& task) const {
    return train_small(recipe_for(task), request_.common.seed, folder_ / "runs" / task, task);
  }
  Sequences fresh(const std::string& task, std::size_t count = kSequences) const {
    return functions::make_sequences(recipe_for(task), count, request_.common.seed, "functions.reproduce");
  }
  void draw(const std::string& file, const std::string& title, const std::vector<AccuracyCurve>& curves) {
    write_file(folder_ / (file + ".svg"), functions::curves_svg(title, curves));
    write_file(folder_ / (file + ".csv"), functions::curves_csv(curves));
    report_.picture(file + ".svg", title);
  }

  void claim_laws();
  void claim_learning();
  void claim_teaching();
  void claim_parity();
  void claim_causality(const Model& model, const Sequences& sequences);

  const ActionRequest& request_;
  std::filesystem::path folder_;
  Report report_;
};

void Reproduction::claim_laws() {
  const auto check = [&](const char* id, const char* claim, const CheckCount& count) {
    report_.check(id, claim, count.passed, count.run);
  };
  check("1", "n = 5: exactly one of 32 monotone conjunctions fits each teaching sequence",
        functions::check_monotone_teaching(5));
  check("1b", "n = 5: exactly one of 243 conjunctions fits each teaching sequence",
        functions::check_signed_teaching(5));
  check("1c", "n = 5: forced points with the right label", functions::check_forced_points(5));
  for (const functions::ShareCheck& share : functions::check_positive_shares(10, 20'000, 0)) {
    report_.claim(
        {.id = "1d",
         .claim =
             share.law + ": standard deviations between drawn and stated share of positives, 20,000 points",
         .figure = share.sigmas,
         .relation = "<=",
         .bar = 3.0});
  }
  Recipe paper = resolve_recipe({.system = "icl-discrete",
                                 .schema = &request_.card->schema,
                                 .built_in = request_.card->recipe,
                                 .preset = "paper"});
  std::int64_t parameters = 0;
  for (const torch::Tensor& parameter : make_network(paper)->parameters()) {
    parameters += parameter.numel();
  }
  report_.claim({.id = "6",
                 .claim = "parameters of the published network",
                 .figure = static_cast<double>(parameters),
                 .relation = "==",
                 .bar = 9'562'113});
  check("6b", "bad tables are refused, with the row's line where one is to blame",
        functions::check_bad_tables());
}

void Reproduction::claim_learning() {
  const Model model = trained("conjunction");
  const Sequences sequences = fresh("conjunction");
  const std::vector<AccuracyCurve> curves = {
      model_curve("model", *model.network, sequences), functions::learner_curve("elimination", sequences),
      functions::learner_curve("nn1", sequences), functions::learner_curve("averaging", sequences),
      functions::learner_curve("null", sequences)};
  const double figure = curves[0].last_quarter();
  const double nearest = curves[2].last_quarter();
  const double null = curves[4].last_quarter();
  report_.compare({.id = "2",
                   .claim = "conjunctions: accuracy over the last quarter (baseline: always negative)",
                   .figure = figure,
                   .baseline = null,
                   .bar = 0.93});
  report_.compare({.id = "2b",
                   .claim = "the same, 0.08 above the nearest neighbour",
                   .figure = figure,
                   .baseline = nearest,
                   .bar = nearest + 0.08});
  report_.compare({.id = "2c",
                   .claim = "the same, 0.30 above always negative",
                   .figure = figure,
                   .baseline = null,
                   .bar = null + 0.30});
  draw("conjunction", "Conjunctions: accuracy at each example index", curves);
  write_loss_curve(folder_ / "runs/conjunction/metrics.jsonl", folder_ / "loss.svg",
                   "Training on conjunctions");
  report_.picture("loss.svg", "Loss of the training on conjunctions");
  claim_causality(model, {sequences.begin(), sequences.begin() + 8});
}

/// Logits up to x_i before and after y_i and all later rows are replaced by noise, for every i.
void Reproduction::claim_causality(const Model& model, const Sequences& sequences) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor vectors = vectors_of(*model.network, sequences);
  const torch::Tensor logits = strided_logits(*model.network, vectors, 2);
  const auto points = static_cast<std::int64_t>(sequences.front().points.size());
  std::size_t unchanged = 0;
  for (std::int64_t i = 0; i < points; ++i) {
    torch::Tensor changed = vectors.clone();
    changed.slice(1, 2 * i + 1).mul_(-0.7).add_(0.3);
    unchanged +=
        strided_logits(*model.network, changed, 2).slice(1, 0, i + 1).equal(logits.slice(1, 0, i + 1)) ? 1
                                                                                                       : 0;
  }
  report_.check("5", "indices whose logits stay the same bits when their label and all later rows change",
                unchanged, static_cast<std::size_t>(points));
}

void Reproduction::claim_teaching() {
  constexpr std::size_t kIndex = 5;
  const Model plain = trained("mono-conjunction");
  const Model teach = trained("teach-conjunction");
  const Model mixed = trained("mixed-conjunction");
  const Sequences random_start = fresh("mono-conjunction");
  const Sequences lesson_start = fresh("teach-conjunction");
  const std::vector<AccuracyCurve> curves = {
      model_curve("teaching, after lessons", *teach.network, lesson_start),
      model_curve("mixture, after lessons", *mixed.network, lesson_start),
      model_curve("mixture, random start", *mixed.network, random_start),
      model_curve("plain, random start", *plain.network, random_start)};
  report_.compare(
      {.id = "3",
       .claim = "monotone conjunctions, index 5: 0.10 above the model that was trained without lessons",
       .figure = curves[0].at(kIndex),
       .baseline = curves[3].at(kIndex),
       .bar = curves[3].at(kIndex) + 0.10});
  report_.compare(
      {.id = "3b",
       .claim =
           "model of a half-and-half mixture, right after a lesson (baseline: the plain model at index 5)",
       .figure = functions::accuracy_after_lessons(lesson_start, model_judge(*mixed.network, lesson_start)),
       .baseline = curves[3].at(kIndex),
       .bar = 0.97});
  report_.claim(
      {.id = "3c",
       .claim = "the same model without a lesson: how far its mean accuracy is below the plain model's",
       .figure = curves[3].mean() - curves[2].mean(),
       .relation = "<=",
       .bar = 0.04});
  report_.claim({.id = "3d",
                 .claim = "the same over the last quarter",
                 .figure = curves[3].last_quarter() - curves[2].last_quarter(),
                 .relation = "<=",
                 .bar = 0.04});
  draw("teaching", "Monotone conjunctions with and without lessons", curves);
}

void Reproduction::claim_parity() {
  const Model model = trained("parity");
  const Sequences sequences = fresh("parity", 2 * kSequences);
  const std::vector<AccuracyCurve> curves = {model_curve("model", *model.network, sequences),
                                             functions::learner_curve("gf2", sequences),
                                             functions::learner_curve("nn1", sequences)};
  report_.claim({.id = "4",
                 .claim = "parity: largest distance of the model's accuracy from 0.5 at any index",
                 .figure = curves[0].largest_distance(0.5, 0),
                 .relation = "<=",
                 .bar = 0.04});
  report_.claim({.id = "4b",
                 .claim = "the same for the nearest neighbour, from index 1 on",
                 .figure = curves[2].largest_distance(0.5, 1),
                 .relation = "<=",
                 .bar = 0.04});
  report_.claim(
      {.id = "4c",
       .claim = "accuracy of the nearest neighbour over the last quarter beyond 0.5, from repeated points",
       .figure = curves[2].last_quarter() - 0.5,
       .relation = "<=",
       .bar = 0.02});
  report_.claim({.id = "4d",
                 .claim = "accuracy of elimination over GF(2) once 10 independent points are seen",
                 .figure = functions::accuracy_at_full_rank("gf2", sequences),
                 .relation = "==",
                 .bar = 1.0});
  draw("parity", "Parity: accuracy at each example index", curves);
}

}  // namespace

ActionResult reproduce(const ActionRequest& request) {
  return Reproduction(request).run();
}

}  // namespace everform::icl_discrete
