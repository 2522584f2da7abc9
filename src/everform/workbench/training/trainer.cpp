#include "everform/workbench/training/trainer.h"

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/workbench/training/training_loop.h"

namespace everform {

nlohmann::json TrainingResult::to_json() const {
  nlohmann::json json = {
      {"run", run.string()}, {"steps", steps}, {"loss", loss}, {"tokens_per_second", tokens_per_second}};
  if (!figures.empty()) {
    json["figures"] = figures;
  }
  if (stopped_early) {
    json["stopped_early"] = true;
  }
  return json;
}

TrainingResult train(TrainingJob& job, RunFolder& run) {
  return TrainingLoop(job, &run).run();
}

TrainingResult train(TrainingJob& job, const std::filesystem::path& run, bool resume, bool overwrite) {
  if (job.processes != nullptr && job.processes->rank() != 0) {
    TrainingResult result = TrainingLoop(job, nullptr).run();
    result.run = run;
    return result;
  }
  const bool begun = resume && run_state(run) != RunState::kAbsent;
  RunFolder folder =
      begun ? RunFolder::resume(run, job.recipe) : RunFolder::create(run, job.recipe, overwrite);
  return train(job, folder);
}

}  // namespace everform
