#include "everform/workbench/training/evaluate_objective.h"

#include "everform/core/base/error.h"
#include "everform/workbench/layers/autocast.h"
#include "everform/workbench/training/prefetch.h"

namespace everform {

std::map<std::string, double> evaluate_objective(Objective& objective, const BatchSource& source,
                                                 const EvaluationRange& range) {
  const torch::NoGradGuard no_grad;
  const AutocastScope autocast(range.device.type(), range.bf16);
  const Phase phase = objective.phases().at(0);
  std::map<std::string, double> totals;
  double targets = 0;
  for (const auto& slice : BatchSlices{.batch = range.items, .micro_batch = range.micro_batch}.slices()) {
    const Batch batch = source.batch(0, slice.first_item, slice.items).to(range.device);
    const StepContext context{
        .seed = range.seed, .step = 0, .first_item = slice.first_item, .training = false};
    const Loss loss = phase.loss(batch, context);
    targets += loss.targets;
    totals["loss"] += loss.sum.item<double>();
    for (const auto& [name, sum] : loss.figures) {
      totals[name] += sum.item<double>();
    }
  }
  if (targets <= 0) {
    throw Error(ErrorKind::kBadInput, "evaluating", "the held-out data have no targets", "name other data");
  }
  for (auto& [name, total] : totals) {
    total /= targets;
  }
  return totals;
}

}  // namespace everform
