// The verb `train` of a system, from a request and a job.
#pragma once

#include "everform/core/recipes/action_request.h"
#include "everform/workbench/training/trainer.h"

namespace everform {

/// The device of --device. Throws Error{kUsage} for a word that names none, Error{kMissing} for one that is
/// not there.
torch::Device training_device(const std::string& name);

/// A job with name, recipe, options, seed and device of the request filled in.
TrainingJob training_job(const ActionRequest& request);

/// --out, or runs/SYSTEM where it was not given.
std::filesystem::path run_path(const ActionRequest& request);

/// Opens the run folder as --out, --resume and --yes say, trains, and answers as the contract says: a
/// finished run is said to be finished, --resume with nothing saved begins at the beginning and says so.
ActionResult train_action(const ActionRequest& request, TrainingJob&& job);

/// As above, but the job is only made once it is known that there is something to train.
ActionResult train_action(const ActionRequest& request, const std::function<TrainingJob()>& make_job);

}  // namespace everform
