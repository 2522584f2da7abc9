#include "everform/workbench/training/train_action.h"

#include <charconv>
#include <cstdio>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/workbench/training/data_parallel.h"

namespace everform {
namespace {

std::string summary(const nlohmann::json& result) {
  char text[160];
  std::snprintf(text, sizeof text, "%lld steps, loss %.4f, %.0f tokens/s\n",
                static_cast<long long>(result.at("steps").get<std::int64_t>()),
                result.at("loss").get<double>(), result.at("tokens_per_second").get<double>());
  std::string lines = text;
  const nlohmann::json figures = result.value("figures", nlohmann::json::object());
  for (const auto& [name, value] : figures.items()) {
    std::snprintf(text, sizeof text, "%s %.4f\n", name.c_str(), value.get<double>());
    lines += text;
  }
  return lines + "run: " + result.at("run").get<std::string>() + "\n";
}

// What rank 0 found, on every process: the others may not see its disk.
bool agreed(ProcessGroup* processes, bool found) {
  if (processes == nullptr) {
    return found;
  }
  std::vector<torch::Tensor> flag{torch::tensor(found ? 1 : 0, at::kLong)};
  processes->broadcast(flag);
  return flag[0].item<std::int64_t>() != 0;
}

}  // namespace

torch::Device training_device(const std::string& name) {
  const std::string where = "choosing the device " + name;
  std::string_view rest = name;
  if (rest == "cpu") {
    return torch::kCPU;
  }
  if (!rest.starts_with("cuda")) {
    throw Error(ErrorKind::kUsage, where, "there is no such device", "use cpu, cuda or cuda:N");
  }
  rest.remove_prefix(4);
  int index = 0;
  if (!rest.empty()) {
    const auto [stop, code] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), index);
    if (rest[0] != ':' || code != std::errc() || stop != rest.data() + rest.size() || index < 0 ||
        index > 127) {
      throw Error(ErrorKind::kUsage, where, "there is no such device", "use cpu, cuda or cuda:N");
    }
  }
  const auto found = static_cast<int>(at::hasCUDA() ? at::getNumGPUs() : 0);
  if (index >= found) {
    throw Error(ErrorKind::kMissing, where, "this libtorch finds " + std::to_string(found) + " CUDA devices",
                "use --device cpu, or build with a CUDA libtorch (-DTorch_DIR=)");
  }
  return {torch::kCUDA, static_cast<c10::DeviceIndex>(index)};
}

TrainingJob training_job(const ActionRequest& request) {
  TrainingJob job;
  job.name = request.card != nullptr ? request.card->name : request.recipe.system();
  job.recipe = request.recipe;
  job.options = training_options(request.recipe);
  job.seed = request.common.seed;
  job.device = training_device(request.common.device);
  job.processes = process_group_from_environment();
  return job;
}

std::filesystem::path run_path(const ActionRequest& request) {
  if (!request.common.out.empty()) {
    return request.common.out;
  }
  return std::filesystem::path("runs") /
         (request.card != nullptr ? request.card->name : request.recipe.system());
}

ActionResult train_action(const ActionRequest& request, TrainingJob&& job) {
  return train_action(request, [&] { return std::move(job); });
}

ActionResult train_action(const ActionRequest& request, const std::function<TrainingJob()>& make_job) {
  const std::filesystem::path path = run_path(request);
  const std::shared_ptr<ProcessGroup> processes = process_group_from_environment();
  const bool first = processes == nullptr || processes->rank() == 0;
  const RunState state = first ? run_state(path) : RunState::kAbsent;
  if (agreed(processes.get(), request.resume && state == RunState::kFinished)) {
    nlohmann::json result = first ? run_result(path) : nlohmann::json::object();
    result["run"] = path.string();
    if (!first) {
      return {.json = result, .text = ""};
    }
    log_info(path.string() + " is finished");
    return {.json = result, .text = path.string() + " is finished: " + summary(result)};
  }
  if (first && request.resume && state == RunState::kAbsent) {
    log_info("nothing is saved in " + path.string() + " yet: beginning at the beginning");
  }
  TrainingJob job = make_job();
  const TrainingResult result = train(job, path, request.resume, request.common.yes);
  return {.json = result.to_json(), .text = first ? summary(result.to_json()) : ""};
}

}  // namespace everform
