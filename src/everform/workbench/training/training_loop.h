// The loop behind train(): what it keeps between steps, and what it does after each.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/base/progress.h"
#include "everform/workbench/training/checkpoint.h"
#include "everform/workbench/training/ema.h"
#include "everform/workbench/training/job_state.h"
#include "everform/workbench/training/meter.h"
#include "everform/workbench/training/phase_trainer.h"
#include "everform/workbench/training/trainer.h"

namespace everform {

class TrainingLoop {
 public:
  /// @param run nullptr for a process that writes nothing (rank > 0)
  TrainingLoop(TrainingJob& job, RunFolder* run);
  TrainingResult run();

 private:
  /// Counters and sums that a checkpoint keeps beside the tensors.
  struct Progressed {
    std::int64_t step = 0;  ///< steps done
    std::int64_t ema_updates = 0;
    double targets = 0;                     ///< since the beginning
    double seconds = 0;                     ///< in steps, since the beginning
    double loss = 0;                        ///< of the last row
    std::map<std::string, double> figures;  ///< of the last evaluation
    std::optional<double> best;             ///< of the watched figure
    std::int64_t best_step = 0;
    std::int64_t evaluations_since_best = 0;
    bool stopped = false;
  };

  void begin();
  void restore(const Checkpoint& checkpoint);
  void share_start();
  nlohmann::json state_json() const;
  void state_from_json(const nlohmann::json& state);

  void do_step(Prefetcher& prefetcher);
  void after_step();
  bool agree_on_stopping();
  void check_finite(const std::map<std::string, double>& means) const;
  void write_row(bool with_evaluation);
  void evaluate();
  void watch();
  void sample();
  void save_checkpoint();
  void remove_outdone();
  void write_model();
  void draw_loss();
  TrainingResult finish();
  void set_training(bool training);
  bool first_process() const { return job_.processes == nullptr || job_.processes->rank() == 0; }
  std::string doing() const { return "training " + job_.name; }
  std::filesystem::path best_file(std::int64_t step) const;
  NamedTensors model_tensors();

  TrainingJob& job_;
  RunFolder* run_;
  std::shared_ptr<Objective> objective_;
  std::vector<PhaseTrainer> phases_;
  std::unique_ptr<Ema> ema_;
  std::unique_ptr<JobState> tensors_;
  std::vector<BatchSlices::Slice> slices_;
  Progressed done_;
  Meter meter_;
  std::unique_ptr<Progress> progress_;
  std::int64_t saved_step_ = -1;  ///< of the last checkpoint written or read
  double interval_targets_ = 0;   ///< since the last row
  double interval_seconds_ = 0;
  double own_targets_ = 0;  ///< of this process's loop
  double own_seconds_ = 0;
};

}  // namespace everform
