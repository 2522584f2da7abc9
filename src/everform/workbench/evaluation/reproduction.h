// One run of the verb `reproduce`: its report, its folder, and the trainings in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "everform/core/base/check_count.h"
#include "everform/core/io/report.h"
#include "everform/core/recipes/action_request.h"
#include "everform/workbench/training/trainer.h"

namespace everform {

/// A system's reproduce() makes one, trains through it, claims, and returns finish().
class Reproduction {
 public:
  /// Makes the report's folder (see report_folder). @param request outlives it
  explicit Reproduction(const ActionRequest& request);

  const ActionRequest& request() const { return request_; }
  std::uint64_t seed() const { return request_.common.seed; }
  const std::filesystem::path& folder() const { return folder_; }
  Report& report() { return report_; }

  /// The request's recipe; with --quick it trains `quick_steps` at most.
  Recipe recipe(std::int64_t quick_steps) const;
  /// A preset of the system as it is published, without what the request changes.
  Recipe preset(const std::string& name) const;

  /// A claim of checks passed == checks run; the log names those that failed.
  void check(const std::string& id, const std::string& claim, const CheckCount& count);
  /// A claim that a count is exactly this.
  void count(const std::string& id, const std::string& claim, std::int64_t figure, std::int64_t bar);

  /// Trains into the run folder `run` of the report's folder.
  TrainingResult train(TrainingJob& job, const std::string& run);
  /// Puts the loss curve of such a training into the report as loss.svg.
  void show_loss(const std::string& run, const std::string& title, const std::string& caption);

  /// Writes the report; see Report::finish.
  ActionResult finish() { return report_.finish(folder_); }

 private:
  const ActionRequest& request_;
  Report report_;
  std::filesystem::path folder_;
};

}  // namespace everform
