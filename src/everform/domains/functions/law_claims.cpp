#include "everform/domains/functions/law_claims.h"

#include "everform/domains/functions/law_checks.h"

namespace everform::functions {
namespace {

constexpr auto kNoBaseline = std::nullopt;

}  // namespace

void claim_task_laws(Report& report) {
  const auto check = [&](const char* id, const char* claim, const CheckCount& count) {
    report.check(id, claim, count.passed, count.run);
  };
  check("1", "n = 5: exactly one of 32 monotone conjunctions fits each teaching sequence",
        check_monotone_teaching(5));
  check("1b", "n = 5: exactly one of 243 conjunctions fits each teaching sequence", check_signed_teaching(5));
  check("1c", "n = 5: forced points with the right label", check_forced_points(5));
  for (const ShareCheck& share : check_positive_shares(10, 20'000, 0)) {
    report.claim({.id = "1d",
                  .claim = share.law +
                           ": standard deviations between drawn and stated share of positives, 20,000 points",
                  .figure = share.sigmas,
                  .relation = "<=",
                  .bar = 3.0});
  }
}

std::vector<AccuracyCurve> claim_conjunctions(Report& report, const AccuracyCurve& learner,
                                              std::span<const LabelledSequence> sequences) {
  std::vector<AccuracyCurve> curves = {learner, learner_curve("elimination", sequences),
                                       learner_curve("nn1", sequences), learner_curve("averaging", sequences),
                                       learner_curve("null", sequences)};
  const double figure = learner.last_quarter();
  const double nearest = curves[2].last_quarter();
  const double null = curves[4].last_quarter();
  report.compare({"2", "conjunctions: accuracy over the last quarter (baseline: always negative)", figure,
                  null, ">=", 0.93});
  report.compare({"2b", "the same, 0.08 above the nearest neighbour", figure, nearest, ">=", nearest + 0.08});
  report.compare({"2c", "the same, 0.30 above always negative", figure, null, ">=", null + 0.30});
  return curves;
}

std::vector<AccuracyCurve> claim_lessons(Report& report, const LessonCurves& curves) {
  constexpr std::size_t kIndex = 5;
  const double without = curves.plain.at(kIndex);
  report.compare({"3",
                  "monotone conjunctions, index 5: 0.10 above the model that was trained without lessons",
                  curves.taught.at(kIndex), without, ">=", without + 0.10});
  report.compare(
      {"3b", "model of a half-and-half mixture, right after a lesson (baseline: the plain model at index 5)",
       curves.mixed_after_lesson, without, ">=", 0.97});
  report.claim({"3c", "the same model without a lesson: how far its mean accuracy is below the plain model's",
                curves.plain.mean() - curves.mixed.mean(), kNoBaseline, "<=", 0.04});
  report.claim({"3d", "the same over the last quarter",
                curves.plain.last_quarter() - curves.mixed.last_quarter(), kNoBaseline, "<=", 0.04});
  return {curves.taught, curves.mixed_taught, curves.mixed, curves.plain};
}

std::vector<AccuracyCurve> claim_parities(Report& report, const AccuracyCurve& learner,
                                          std::span<const LabelledSequence> sequences) {
  std::vector<AccuracyCurve> curves = {learner, learner_curve("gf2", sequences),
                                       learner_curve("nn1", sequences)};
  report.claim({"4", "parity: largest distance of the model's accuracy from 0.5 at any index",
                learner.largest_distance(0.5, 0), kNoBaseline, "<=", 0.04});
  report.claim({"4b", "the same for the nearest neighbour, from index 1 on",
                curves[2].largest_distance(0.5, 1), kNoBaseline, "<=", 0.04});
  report.claim({"4c",
                "accuracy of the nearest neighbour over the last quarter beyond 0.5, from repeated points",
                curves[2].last_quarter() - 0.5, kNoBaseline, "<=", 0.02});
  report.claim({"4d", "accuracy of elimination over GF(2) once 10 independent points are seen",
                accuracy_at_full_rank("gf2", sequences), kNoBaseline, "==", 1.0});
  return curves;
}

}  // namespace everform::functions
