#include "everform/workbench/training/run_folder.h"

#include <cstdio>
#include <set>
#include <sstream>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/core/io/event_file.h"
#include "everform/workbench/training/appended_file.h"

namespace everform {
namespace {

constexpr const char* kStateFile = "run.json";
constexpr const char* kMetricsFile = "metrics.jsonl";
constexpr const char* kCheckpoints = "checkpoints";
constexpr const char* kSamples = "samples";
constexpr std::size_t kLargestState = std::size_t{1} << 24;

// Keys that may differ when a run goes on: they say how long and how often, not what is computed in a step.
const std::set<std::string>& free_keys() {
  static const std::set<std::string> keys = {
      "training.steps",          "training.checkpoint_every", "training.keep_checkpoints",
      "training.evaluate_every", "training.sample_every",     "training.log_every",
      "training.early_stop"};
  return keys;
}

nlohmann::json read_state(const std::filesystem::path& path) {
  const std::filesystem::path file = path / kStateFile;
  const nlohmann::json state =
      nlohmann::json::parse(read_file(file, kLargestState), nullptr, /*allow_exceptions=*/false);
  if (!state.is_object() || !state.contains("state") || !state.at("state").is_string()) {
    throw Error(ErrorKind::kBadInput, "reading " + file.string(), "it is not the state of a run",
                "train into another folder, or overwrite this one with --yes");
  }
  return state;
}

// {"a": {"b": 1}} -> {"a.b": 1}
void flatten(const nlohmann::json& tree, const std::string& prefix,
             std::map<std::string, nlohmann::json>& out) {
  for (const auto& [key, value] : tree.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (value.is_object()) {
      flatten(value, name, out);
    } else {
      out[name] = value;
    }
  }
}

void check_recipe(const std::filesystem::path& path, const nlohmann::json& stored, const Recipe& recipe) {
  std::map<std::string, nlohmann::json> before;
  std::map<std::string, nlohmann::json> now;
  flatten(stored, "", before);
  flatten(recipe.to_json(), "", now);
  for (const auto& [key, value] : now) {
    const auto found = before.find(key);
    if (free_keys().contains(key) || (found != before.end() && found->second == value)) {
      continue;
    }
    const std::string was = found == before.end() ? "absent" : found->second.dump();
    throw Error(ErrorKind::kUsage, "going on with the run " + path.string(),
                key + " is " + value.dump() + " here and was " + was + " when the run began",
                "go on with the run's own recipe, or train into another folder");
  }
}

// Empty, or left by a run that was killed before it had a state.
bool holds_nothing(const std::filesystem::path& path) {
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(path, code)) {
    const std::string name = entry.path().filename().string();
    const bool empty_folder =
        (name == kCheckpoints || name == kSamples) && std::filesystem::is_empty(entry.path(), code);
    if (!empty_folder && !(name.starts_with(".") && name.ends_with(".partial"))) {
      return false;
    }
  }
  return !code;
}

std::filesystem::path step_folder(const std::filesystem::path& folder, std::int64_t step) {
  char name[48];
  std::snprintf(name, sizeof name, "step-%06lld", static_cast<long long>(step));
  return folder / name;
}

// Complete lines that hold a row, in order.
std::vector<nlohmann::json> parse_rows(const std::string& text) {
  std::vector<nlohmann::json> rows;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    nlohmann::json row =
        nlohmann::json::parse(text.begin() + static_cast<std::ptrdiff_t>(begin),
                              text.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    if (row.is_object() && row.contains("step") && row.at("step").is_number_integer()) {
      rows.push_back(std::move(row));
    }
    begin = end + 1;
  }
  return rows;
}

}  // namespace

RunState run_state(const std::filesystem::path& path) {
  std::error_code code;
  if (!std::filesystem::exists(path, code)) {
    return RunState::kAbsent;
  }
  if (!std::filesystem::is_directory(path, code)) {
    return RunState::kForeign;
  }
  if (std::filesystem::exists(path / kStateFile, code)) {
    return read_state(path).at("state") == "finished" ? RunState::kFinished : RunState::kStarted;
  }
  return holds_nothing(path) ? RunState::kAbsent : RunState::kForeign;
}

nlohmann::json run_result(const std::filesystem::path& path) {
  return run_state(path) == RunState::kFinished ? read_state(path).value("result", nlohmann::json())
                                                : nlohmann::json();
}

RunFolder::RunFolder(std::filesystem::path path, bool resumed, FileSystemCalls& calls)
    : path_(std::move(path)), resumed_(resumed), calls_(&calls) {}
RunFolder::~RunFolder() = default;
RunFolder::RunFolder(RunFolder&&) noexcept = default;

RunFolder RunFolder::create(const std::filesystem::path& path, const Recipe& recipe, bool overwrite,
                            FileSystemCalls& calls) {
  const RunState state = run_state(path);
  const std::string where = "preparing the run " + path.string();
  if (state == RunState::kForeign) {
    throw Error(ErrorKind::kUsage, where, "the folder holds something that is no run",
                "choose another --out");
  }
  if (state != RunState::kAbsent && !overwrite) {
    throw Error(ErrorKind::kUsage, where, "there is a run in this folder",
                "go on with it (--resume), overwrite it (--yes), or choose another --out");
  }
  prepare_output_folder(path, /*overwrite=*/true);
  RunFolder run(path, false, calls);
  run.prepare(recipe);
  return run;
}

RunFolder RunFolder::resume(const std::filesystem::path& path, const Recipe& recipe, FileSystemCalls& calls) {
  const RunState state = run_state(path);
  if (state == RunState::kAbsent || state == RunState::kForeign) {
    throw Error(ErrorKind::kMissing, "going on with the run " + path.string(),
                "there is no run in this folder", "name the folder that the training was started with");
  }
  check_recipe(path, read_state(path).value("recipe", nlohmann::json::object()), recipe);
  RunFolder run(path, true, calls);
  run.prepare(recipe);
  return run;
}

// The folders come first: writing the files syncs the folder that holds them all.
void RunFolder::prepare(const Recipe& recipe) {
  for (const std::filesystem::path& folder : {checkpoints(), path_ / kSamples}) {
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code) {
      throw Error(ErrorKind::kFailed, "preparing the run " + path_.string(), code.message(),
                  "check the folder");
    }
  }
  write_state("started", recipe.to_json(), nullptr);
  write_file(path_ / "recipe.toml", recipe.to_toml(), *calls_);
}

std::filesystem::path RunFolder::checkpoints() const {
  return path_ / kCheckpoints;
}

std::filesystem::path RunFolder::samples(std::int64_t step) const {
  return step_folder(path_ / kSamples, step);
}

void RunFolder::write_state(const char* state, const nlohmann::json& recipe, const nlohmann::json& result) {
  nlohmann::json json = {{"format", 1}, {"state", state}, {"recipe", recipe}};
  if (!result.is_null()) {
    json["result"] = result;
  }
  write_file(path_ / kStateFile, json.dump(1) + "\n", *calls_);
}

void RunFolder::truncate_metrics(std::int64_t step) {
  resumed_step_ = step;
  metrics_.reset();
  events_.reset();
  std::string kept;
  for (const nlohmann::json& row : rows()) {
    if (row.at("step").get<std::int64_t>() <= step) {
      kept += row.dump() + "\n";
    }
  }
  write_file(path_ / kMetricsFile, kept, *calls_);
}

void RunFolder::add_row(const nlohmann::json& row) {
  if (metrics_ == nullptr) {
    metrics_ = std::make_unique<AppendedFile>(path_ / kMetricsFile, *calls_);
  }
  metrics_->add_line(row.dump());
  if (events_ == nullptr) {
    events_ = std::make_unique<EventFile>(path_, resumed_step_, *calls_);
  }
  const auto step = row.at("step").get<std::int64_t>();
  for (const auto& [key, value] : row.items()) {
    if (key != "step" && value.is_number()) {
      events_->add_scalar(step, key, value.get<double>());
    }
  }
}

void RunFolder::add_image(std::int64_t step, const std::string& tag, const std::filesystem::path& png) {
  if (events_ == nullptr) {
    events_ = std::make_unique<EventFile>(path_, resumed_step_, *calls_);
  }
  events_->add_image(step, tag, read_file(png));
}

void RunFolder::sync() {
  if (metrics_ != nullptr) {
    metrics_->sync();
  }
}

std::vector<nlohmann::json> RunFolder::rows() const {
  std::error_code code;
  const std::filesystem::path file = path_ / kMetricsFile;
  return std::filesystem::exists(file, code) ? parse_rows(read_file(file)) : std::vector<nlohmann::json>();
}

void RunFolder::finish(const nlohmann::json& result) {
  sync();
  write_state("finished", read_state(path_).value("recipe", nlohmann::json::object()), result);
}

}  // namespace everform
