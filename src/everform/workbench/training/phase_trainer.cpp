#include "everform/workbench/training/phase_trainer.h"

#include <utility>

#include "everform/core/base/error.h"
#include "everform/workbench/layers/autocast.h"

namespace everform {

PhaseTrainer::PhaseTrainer(Phase phase, const TrainingOptions& options, std::uint64_t seed,
                           torch::Device device)
    : phase_(std::move(phase)),
      options_(options),
      seed_(seed),
      device_(device),
      optimizer_(parameter_groups(phase_), options.optimizer) {
  if (optimizer_.parameters().empty()) {
    throw Error(ErrorKind::kFailed, "preparing the training phase \"" + phase_.name + "\"",
                "no parameter of it needs a gradient", "leave at least one parameter unfrozen");
  }
}

void PhaseTrainer::accumulate(std::int64_t step, const Batch& batch, std::int64_t first_item,
                              StepFigures& sums) {
  const StepContext context{.seed = seed_, .step = step, .first_item = first_item, .training = true};
  Loss loss;
  {
    const AutocastScope autocast(device_.type(), options_.bf16);
    loss = phase_.loss(batch, context);
  }
  sums.targets += loss.targets;
  if (loss.targets > 0 && loss.sum.requires_grad()) {
    loss.sum.backward();
  }
  const auto add = [](torch::Tensor& total, const torch::Tensor& value) {
    const torch::Tensor wide = value.detach().to(at::kDouble);
    total = total.defined() ? total + wide : wide;
  };
  add(sums.loss, loss.sum);
  for (const auto& [name, value] : loss.figures) {
    add(sums.figures[name], value);
  }
}

void PhaseTrainer::sum_over(ProcessGroup& processes, StepFigures& sums) {
  // Every process must bring the same tensors: where one had no targets, its gradients are zeros.
  std::vector<torch::Tensor> tensors;
  for (const torch::Tensor& parameter : optimizer_.parameters()) {
    if (!parameter.grad().defined()) {
      parameter.mutable_grad() = torch::zeros_like(parameter);
    }
    tensors.push_back(parameter.grad());
  }
  std::vector<torch::Tensor> values{sums.loss, torch::tensor(sums.targets, sums.loss.options())};
  for (const auto& [name, value] : sums.figures) {
    values.push_back(value);
  }
  tensors.push_back(torch::stack(values));
  processes.sum(tensors);
  const torch::Tensor& totals = tensors.back();
  sums.loss = totals[0];
  sums.targets = totals[1].item<double>();
  std::int64_t next = 2;
  for (auto& [name, value] : sums.figures) {
    value = totals[next++];
  }
}

void PhaseTrainer::update(std::int64_t step, StepFigures& sums) {
  const torch::Tensor norm = gradient_norm(optimizer_.gradients()) / sums.targets;
  // The division by the number of targets and the clipping are one factor, which the update applies as it
  // reads the gradients.
  torch::Tensor divisor = torch::full({}, sums.targets, norm.options());
  if (options_.clip > 0.0) {
    divisor = divisor * torch::clamp_min(norm / options_.clip, 1.0);
  }
  optimizer_.step(options_.schedule.rate(step), divisor.to(at::kFloat));
  sums.gradient_norm = norm;
}

StepFigures PhaseTrainer::step(std::int64_t step, const std::vector<Batch>& batches,
                               const std::vector<BatchSlices::Slice>& slices, ProcessGroup* processes) {
  StepFigures sums;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    accumulate(step, batches[i], slices[i].first_item, sums);
  }
  if (processes != nullptr) {
    sum_over(*processes, sums);
  }
  if (sums.targets > 0) {
    update(step, sums);
    sums.loss = sums.loss / sums.targets;
    for (auto& [name, value] : sums.figures) {
      value = value / sums.targets;
    }
  }
  optimizer_.clear_gradients();
  return sums;
}

}  // namespace everform
