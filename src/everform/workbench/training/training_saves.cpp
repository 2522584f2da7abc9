// What the training loop leaves on the disk, and how it goes on from it.
#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/core/io/loss_curve.h"
#include "everform/workbench/training/training_loop.h"

namespace everform {
namespace {

constexpr const char* kBestPrefix = "best-";

void compare_environments(const nlohmann::json& before, const nlohmann::json& now) {
  for (const auto& [name, value] : now.items()) {
    if (before.value(name, nlohmann::json()) != value) {
      log_warning("the run was saved with " + name + " " + before.value(name, nlohmann::json()).dump() +
                  " and goes on with " + value.dump() + ": its numbers may differ in their last digits");
    }
  }
}

// The text that rank 0 has, on every rank.
std::string broadcast_text(ProcessGroup& processes, std::string text) {
  std::vector<torch::Tensor> length{torch::tensor(static_cast<std::int64_t>(text.size()), at::kLong)};
  processes.broadcast(length);
  std::vector<torch::Tensor> bytes{torch::zeros({length[0].item<std::int64_t>()}, at::kByte)};
  if (processes.rank() == 0) {
    std::copy(text.begin(), text.end(), bytes[0].data_ptr<std::uint8_t>());
  }
  processes.broadcast(bytes);
  const std::uint8_t* data = bytes[0].data_ptr<std::uint8_t>();
  return {data, data + bytes[0].numel()};
}

}  // namespace

void TrainingLoop::begin() {
  if (run_ != nullptr && run_->resumed()) {
    CheckpointStore store(run_->checkpoints(), run_->calls());
    const std::optional<Checkpoint> checkpoint = store.load_newest();
    if (checkpoint) {
      restore(*checkpoint);
      log_info("going on after step " + std::to_string(done_.step) + " of " +
               std::to_string(job_.options.steps));
    } else {
      log_info("nothing is saved in " + run_->path().string() + " yet: beginning at the beginning");
    }
    store.clean(done_.step);
    run_->truncate_metrics(done_.step);
  }
  if (job_.processes != nullptr) {
    share_start();
  }
  if (run_ != nullptr) {
    write_file(run_->path() / "config.json", job_.config.dump(1) + "\n", run_->calls());
  }
}

void TrainingLoop::restore(const Checkpoint& checkpoint) {
  const std::string where = "going on with the run " + run_->path().string();
  if (checkpoint.state.value("seed", job_.seed) != job_.seed) {
    const std::string seed = checkpoint.state.at("seed").dump();
    throw Error(ErrorKind::kUsage, where, "its seed is " + seed + ", not " + std::to_string(job_.seed),
                "add --seed " + seed);
  }
  if (checkpoint.state.value("data", nlohmann::json()) != job_.batches->identity()) {
    throw Error(ErrorKind::kUsage, where, "its training data were others",
                "name the same data, or begin another run");
  }
  compare_environments(checkpoint.environment, current_environment());
  tensors_->restore(checkpoint.files, where);
  state_from_json(checkpoint.state);
  done_.step = checkpoint.step;
  saved_step_ = checkpoint.step;
}

// Every process begins with rank 0's weights and counters.
void TrainingLoop::share_start() {
  const std::string text =
      broadcast_text(*job_.processes, first_process() ? state_json().dump() : std::string());
  if (!first_process()) {
    state_from_json(nlohmann::json::parse(text));
  }
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> tensors = tensors_->tensors();
  job_.processes->broadcast(tensors);
}

nlohmann::json TrainingLoop::state_json() const {
  nlohmann::json updates = nlohmann::json::object();
  for (const PhaseTrainer& phase : phases_) {
    updates[phase.name()] = phase.optimizer().state().step;
  }
  nlohmann::json state = {{"step", done_.step},
                          {"seed", job_.seed},
                          {"updates", updates},
                          {"ema_updates", done_.ema_updates},
                          {"targets", done_.targets},
                          {"seconds", done_.seconds},
                          {"loss", done_.loss},
                          {"figures", done_.figures},
                          {"meter", meter_.to_json()},
                          {"best_step", done_.best_step},
                          {"evaluations_since_best", done_.evaluations_since_best},
                          {"stopped", done_.stopped},
                          {"data", job_.batches->identity()}};
  if (done_.best) {
    state["best"] = *done_.best;
  }
  return state;
}

void TrainingLoop::state_from_json(const nlohmann::json& state) {
  done_.step = state.at("step").get<std::int64_t>();
  done_.ema_updates = state.at("ema_updates").get<std::int64_t>();
  done_.targets = state.at("targets").get<double>();
  done_.seconds = state.at("seconds").get<double>();
  done_.loss = state.at("loss").get<double>();
  done_.figures = state.at("figures").get<std::map<std::string, double>>();
  done_.best_step = state.at("best_step").get<std::int64_t>();
  done_.evaluations_since_best = state.at("evaluations_since_best").get<std::int64_t>();
  done_.stopped = state.at("stopped").get<bool>();
  done_.best = state.contains("best") ? std::optional(state.at("best").get<double>()) : std::nullopt;
  meter_.from_json(state.at("meter"));
  for (PhaseTrainer& phase : phases_) {
    phase.optimizer().state().step = state.at("updates").at(phase.name()).get<std::int64_t>();
  }
}

void TrainingLoop::save_checkpoint() {
  check_finite(meter_.means());
  if (run_ == nullptr) {
    saved_step_ = done_.step;
    return;
  }
  run_->sync();
  CheckpointStore(run_->checkpoints(), run_->calls())
      .save({.step = done_.step,
             .files = tensors_->files(),
             .state = state_json(),
             .environment = current_environment()},
            job_.options.keep_checkpoints);
  saved_step_ = done_.step;
  remove_outdone();
}

// Weights of evaluations that a later one has outdone. A run that goes back to an older checkpoint makes them
// again.
void TrainingLoop::remove_outdone() {
  std::vector<std::filesystem::path> outdone;
  for (const auto& entry : std::filesystem::directory_iterator(run_->checkpoints())) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(kBestPrefix) && entry.path() != best_file(done_.best_step)) {
      outdone.push_back(entry.path());
    }
  }
  for (const std::filesystem::path& path : outdone) {
    run_->calls().remove(path.c_str());
  }
}

std::filesystem::path TrainingLoop::best_file(std::int64_t step) const {
  return run_->checkpoints() / (kBestPrefix + std::to_string(step) + ".safetensors");
}

NamedTensors TrainingLoop::model_tensors() {
  return job_.final_tensors ? job_.final_tensors() : named_weights(job_);
}

void TrainingLoop::write_model() {
  const torch::NoGradGuard no_grad;
  const std::map<std::string, std::string> metadata = {{"format", "pt"}};
  if (job_.options.early_stop > 0 && done_.best) {
    write_tensors(run_->model_file(), read_tensors(best_file(done_.best_step)), metadata, run_->calls());
    return;
  }
  const Ema::Scope averaged(ema_.get());
  write_tensors(run_->model_file(), model_tensors(), metadata, run_->calls());
}

void TrainingLoop::draw_loss() {
  const std::vector<nlohmann::json> rows = run_->rows();
  if (!rows.empty()) {
    write_file(run_->path() / "loss.svg", loss_curve_svg(rows, "Training " + job_.name), run_->calls());
  }
}

TrainingResult TrainingLoop::finish() {
  TrainingResult result{.steps = done_.step,
                        .loss = done_.loss,
                        .tokens_per_second = own_seconds_ > 0.0 ? own_targets_ / own_seconds_ : 0.0,
                        .stopped_early = done_.stopped,
                        .figures = done_.figures};
  if (run_ != nullptr) {
    result.run = run_->path();
    write_model();
    draw_loss();
    run_->finish(result.to_json());
  }
  if (job_.processes != nullptr) {
    job_.processes->barrier();
  }
  return result;
}

}  // namespace everform
