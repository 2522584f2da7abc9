#include "everform/workbench/training/training_loop.h"

#include <cmath>
#include <cstdio>

#include "everform/core/base/error.h"
#include "everform/core/base/interrupt.h"
#include "everform/core/base/log.h"
#include "everform/workbench/models/transformer.h"

namespace everform {
namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::string short_number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

void checkpoint_blocks(const TrainingJob& job) {
  for (const auto& [prefix, module] : job.modules) {
    for (const auto& part : module->modules()) {
      if (auto* transformer = dynamic_cast<Transformer*>(part.get())) {
        transformer->set_checkpoint_blocks(true);
      }
    }
  }
}

/// While it lives, only the given parameters of several phases need gradients.
class OnlyTrained {
 public:
  OnlyTrained(const std::vector<PhaseTrainer>& phases, const PhaseTrainer& active) {
    if (phases.size() < 2) {
      return;
    }
    for (const PhaseTrainer& phase : phases) {
      for (const torch::Tensor& parameter : phase.parameters()) {
        parameter.set_requires_grad(false);
        all_.push_back(parameter);
      }
    }
    for (const torch::Tensor& parameter : active.parameters()) {
      parameter.set_requires_grad(true);
    }
  }
  ~OnlyTrained() {
    for (const torch::Tensor& parameter : all_) {
      parameter.set_requires_grad(true);
    }
  }
  OnlyTrained(const OnlyTrained&) = delete;
  OnlyTrained& operator=(const OnlyTrained&) = delete;

 private:
  std::vector<torch::Tensor> all_;
};

}  // namespace

TrainingLoop::TrainingLoop(TrainingJob& job, RunFolder* run) : job_(job), run_(run) {
  if (job_.objective == nullptr || job_.batches == nullptr) {
    throw Error(ErrorKind::kFailed, doing(), "the job has no objective or no batches");
  }
  if (job_.options.early_stop > 0 && !job_.evaluate) {
    throw Error(ErrorKind::kUsage, doing(),
                "training.early_stop needs evaluations, and this system makes none while it trains",
                "set training.early_stop to 0");
  }
  for (Phase& phase : job_.objective->phases()) {
    phases_.emplace_back(std::move(phase), job_.options, job_.seed, job_.device);
  }
  if (job_.options.ema > 0.0) {
    ema_ = std::make_unique<Ema>(JobState::trained_parameters(phases_), job_.options.ema);
  }
  tensors_ = std::make_unique<JobState>(job_, phases_, ema_.get());
  if (job_.options.gradient_checkpointing) {
    checkpoint_blocks(job_);
  }
  BatchSlices slices{.batch = job_.options.batch, .micro_batch = job_.options.micro_batch};
  if (job_.processes != nullptr) {
    slices.rank = job_.processes->rank();
    slices.world = job_.processes->world();
  }
  slices_ = slices.slices();
}

TrainingResult TrainingLoop::run() {
  begin();
  set_training(true);
  if (first_process() && job_.progress) {
    progress_ = std::make_unique<Progress>(doing(), job_.options.steps, done_.step);
  }
  {
    Prefetcher prefetcher(job_.batches, slices_, done_.step, job_.options.steps, job_.device,
                          slices_.size() + 2);
    while (done_.step < job_.options.steps && !done_.stopped) {
      do_step(prefetcher);
      after_step();
    }
  }
  if (progress_ != nullptr) {
    progress_->finish();
  }
  set_training(false);
  return finish();
}

void TrainingLoop::set_training(bool training) {
  for (const auto& [prefix, module] : job_.modules) {
    module->train(training);
  }
}

void TrainingLoop::do_step(Prefetcher& prefetcher) {
  const auto begin = std::chrono::steady_clock::now();
  std::vector<Batch> batches;
  for (std::size_t i = 0; i < slices_.size(); ++i) {
    batches.push_back(prefetcher.next());
  }
  double targets = 0;
  for (std::size_t i = 0; i < phases_.size(); ++i) {
    PhaseTrainer& phase = phases_[i];
    if (!phase.due(done_.step)) {
      continue;
    }
    const OnlyTrained only(phases_, phase);
    const StepFigures figures = phase.step(done_.step, batches, slices_, job_.processes.get());
    if (figures.targets == 0) {
      continue;
    }
    targets = targets > 0 ? targets : figures.targets;
    const std::string prefix = i == 0 ? "" : phase.name() + ".";
    meter_.add(prefix + "loss", figures.loss);
    meter_.add(prefix + "gradient_norm", figures.gradient_norm);
    for (const auto& [name, value] : figures.figures) {
      meter_.add(prefix + name, value);
    }
  }
  if (ema_ != nullptr) {
    ema_->update(done_.ema_updates++);
  }
  ++done_.step;
  const double seconds = seconds_since(begin);
  done_.targets += targets;
  done_.seconds += seconds;
  interval_targets_ += targets;
  interval_seconds_ += seconds;
  own_targets_ += targets;
  own_seconds_ += seconds;
}

void TrainingLoop::after_step() {
  const TrainingOptions& options = job_.options;
  const bool last = done_.step == options.steps;
  const auto due = [&](std::int64_t every) { return every > 0 && done_.step % every == 0; };
  const bool evaluates = job_.evaluate && options.evaluate_every > 0 && (last || due(options.evaluate_every));
  if (evaluates) {
    evaluate();
  }
  if (evaluates || last || due(options.log_every)) {
    write_row(evaluates);
  }
  if (job_.sample && options.sample_every > 0 && (last || due(options.sample_every))) {
    sample();
  }
  const bool interrupts = agree_on_stopping();
  if (last || done_.stopped || interrupts || due(options.checkpoint_every)) {
    save_checkpoint();
  }
  if (progress_ != nullptr) {
    progress_->update(done_.step);
  }
  if (interrupts && !last && !done_.stopped) {
    if (progress_ != nullptr) {
      progress_->finish();
    }
    throw Error(ErrorKind::kInterrupted, doing(),
                "interrupted after step " + std::to_string(done_.step) + " of " +
                    std::to_string(options.steps) + ", which is saved",
                "go on with --resume");
  }
}

// All processes stop together: where one is told to, the others follow. Whether it was by the user.
bool TrainingLoop::agree_on_stopping() {
  if (job_.processes == nullptr) {
    return interrupted();
  }
  std::vector<torch::Tensor> votes{
      torch::tensor({done_.stopped ? 1.0 : 0.0, interrupted() ? 1.0 : 0.0}, at::kDouble)};
  job_.processes->sum(votes);
  done_.stopped = votes[0][0].item<double>() > 0.0;
  return votes[0][1].item<double>() > 0.0;
}

void TrainingLoop::check_finite(const std::map<std::string, double>& means) const {
  for (const auto& [name, value] : means) {
    const bool of_training = name.ends_with("loss") || name.ends_with("gradient_norm");
    if (!of_training || std::isfinite(value)) {
      continue;
    }
    const std::string saved = saved_step_ >= 0
                                  ? "the last checkpoint is of step " + std::to_string(saved_step_)
                                  : "there is no checkpoint yet";
    throw Error(
        ErrorKind::kFailed, doing(),
        name + " is not a finite number at or before step " + std::to_string(done_.step) + "; " + saved,
        "lower training.learning_rate, or set training.clip and training.warmup");
  }
}

void TrainingLoop::write_row(bool with_evaluation) {
  const std::map<std::string, double> means = meter_.take();
  check_finite(means);
  nlohmann::json row = {{"step", done_.step},
                        {"learning_rate", job_.options.schedule.rate(done_.step - 1)},
                        {"targets", done_.targets},
                        {"seconds", done_.seconds}};
  if (interval_seconds_ > 0.0) {
    row["tokens_per_second"] = interval_targets_ / interval_seconds_;
  }
  row["loss"] = done_.loss;
  for (const auto& [name, value] : means) {
    row[name] = value;
  }
  done_.loss = row.at("loss").get<double>();
  if (with_evaluation) {
    for (const auto& [name, value] : done_.figures) {
      row["evaluation." + name] = value;
    }
  }
  interval_targets_ = 0;
  interval_seconds_ = 0;
  if (run_ != nullptr) {
    run_->add_row(row);
  }
  if (progress_ != nullptr) {
    const double speed = row.value("tokens_per_second", 0.0);
    progress_->update(done_.step,
                      "loss " + short_number(done_.loss) + "  " + short_number(speed) + " tokens/s");
  }
}

void TrainingLoop::evaluate() {
  if (!first_process()) {
    return;
  }
  const torch::NoGradGuard no_grad;
  set_training(false);
  {
    const Ema::Scope averaged(ema_.get());
    done_.figures = job_.evaluate(done_.step);
    if (job_.options.early_stop > 0) {
      watch();
    }
  }
  set_training(true);
}

void TrainingLoop::watch() {
  const auto watched = done_.figures.find(job_.watched);
  if (watched == done_.figures.end()) {
    throw Error(ErrorKind::kFailed, doing(),
                "early stopping watches \"" + job_.watched + "\", which the evaluation does not give");
  }
  const double figure = watched->second;
  const bool better = !done_.best || (job_.lower_is_better ? figure < *done_.best : figure > *done_.best);
  if (!better) {
    ++done_.evaluations_since_best;
    done_.stopped = done_.evaluations_since_best >= job_.options.early_stop;
    return;
  }
  done_.best = figure;
  done_.best_step = done_.step;
  done_.evaluations_since_best = 0;
  if (run_ != nullptr) {
    write_tensors(best_file(done_.step), model_tensors(), {}, run_->calls());
  }
}

void TrainingLoop::sample() {
  if (run_ == nullptr) {
    return;
  }
  const torch::NoGradGuard no_grad;
  set_training(false);
  {
    const Ema::Scope averaged(ema_.get());
    const std::filesystem::path folder = run_->samples(done_.step);
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code) {
      throw Error(ErrorKind::kFailed, "preparing " + folder.string(), code.message(), "check the folder");
    }
    for (const std::filesystem::path& picture : job_.sample(done_.step, folder)) {
      run_->add_image(done_.step, "samples/" + picture.stem().string(), picture);
    }
  }
  set_training(true);
}

}  // namespace everform
