#include "everform/workbench/training/checkpoint.h"

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <torch/version.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/workbench/training/checksummed_calls.h"

namespace everform {
namespace {

constexpr const char* kIndexFile = "checkpoint.json";
constexpr const char* kPrefix = "step-";
// What a kill can leave behind begins with a dot.
constexpr const char* kUnfinished = ".saving-";
constexpr const char* kDiscarded = ".removing-";

[[noreturn]] void fail(const std::filesystem::path& path, const char* action) {
  const std::string reason = std::strerror(errno);
  throw Error(ErrorKind::kFailed, "saving the checkpoint " + path.string(),
              std::string(action) + " failed: " + reason,
              "check the folder, its permissions and the free space; earlier checkpoints are intact");
}

std::string step_name(std::int64_t step) {
  char name[48];
  std::snprintf(name, sizeof name, "%s%06lld", kPrefix, static_cast<long long>(step));
  return name;
}

std::optional<std::int64_t> step_of(const std::string& name) {
  const std::string_view prefix = kPrefix;
  if (!name.starts_with(prefix)) {
    return std::nullopt;
  }
  std::int64_t step = 0;
  const char* end = name.data() + name.size();
  const auto [stop, code] = std::from_chars(name.data() + prefix.size(), end, step);
  return code == std::errc() && stop == end && step >= 0 ? std::optional(step) : std::nullopt;
}

std::string new_suffix() {
  static std::atomic<unsigned> count{0};
  return "." + std::to_string(getpid()) + "." + std::to_string(count++);
}

[[noreturn]] void broken(const std::filesystem::path& path, const std::string& message) {
  throw Error(ErrorKind::kBadInput, "reading the checkpoint " + path.string(), message, "");
}

}  // namespace

nlohmann::json current_environment() {
  return {{"threads", at::get_num_threads()},
          {"instruction_set", at::get_cpu_capability()},
          {"torch", TORCH_VERSION}};
}

CheckpointStore::CheckpointStore(std::filesystem::path folder, FileSystemCalls& calls)
    : folder_(std::move(folder)), calls_(calls) {}

std::filesystem::path CheckpointStore::path_of(std::int64_t step) const {
  return folder_ / step_name(step);
}

std::vector<std::int64_t> CheckpointStore::steps() const {
  std::vector<std::int64_t> steps;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, code)) {
    if (const auto step = step_of(entry.path().filename().string())) {
      steps.push_back(*step);
    }
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

void CheckpointStore::write_files(const Checkpoint& checkpoint, const std::filesystem::path& folder) {
  nlohmann::json index = {{"format", 1},
                          {"step", checkpoint.step},
                          {"state", checkpoint.state},
                          {"environment", checkpoint.environment},
                          {"files", nlohmann::json::object()}};
  for (const auto& [name, tensors] : checkpoint.files) {
    ChecksummedCalls calls(calls_);
    write_tensors(folder / (name + ".safetensors"), tensors, {}, calls);
    index["files"][name] = {{"bytes", calls.bytes()}, {"crc32c", calls.checksum()}};
  }
  write_file(folder / kIndexFile, index.dump(1) + "\n", calls_);
}

void CheckpointStore::save(const Checkpoint& checkpoint, std::int64_t keep) {
  const std::filesystem::path path = path_of(checkpoint.step);
  const std::filesystem::path unfinished =
      folder_ / (kUnfinished + step_name(checkpoint.step) + new_suffix());
  if (calls_.make_directory(unfinished.c_str()) != 0) {
    fail(path, "creating it");
  }
  try {
    write_files(checkpoint, unfinished);
    std::error_code code;
    if (std::filesystem::exists(path, code)) {
      // Only a broken checkpoint can be in the way: from an intact one the run would have gone on after it.
      remove_folder(path);
    }
    if (calls_.rename(unfinished.c_str(), path.c_str()) != 0) {
      fail(path, "renaming it into place");
    }
  } catch (const Error&) {
    remove_folder(unfinished);
    throw;
  }
  if (calls_.sync_directory(folder_.c_str()) != 0) {
    fail(path, "syncing its folder");
  }
  const std::vector<std::int64_t> all = steps();
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < all.size(); ++i) {
    if (all[i] < checkpoint.step) {
      remove_folder(path_of(all[i]));
    }
  }
}

void CheckpointStore::remove_folder(const std::filesystem::path& path) {
  // Out of the way first, so that no half-emptied folder carries a checkpoint's name. What cannot be removed
  // is left lying: it costs space, and the next clean() tries again.
  std::filesystem::path removed = path;
  if (step_of(path.filename().string())) {
    removed = folder_ / (kDiscarded + path.filename().string() + new_suffix());
    if (calls_.rename(path.c_str(), removed.c_str()) != 0) {
      return;
    }
  }
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(removed, code)) {
    calls_.remove(entry.path().c_str());
  }
  calls_.remove(removed.c_str());
}

void CheckpointStore::clean(std::int64_t step) {
  std::vector<std::filesystem::path> doomed;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, code)) {
    const std::string name = entry.path().filename().string();
    const auto found = step_of(name);
    if (name.starts_with(kUnfinished) || name.starts_with(kDiscarded) || (found && *found > step)) {
      doomed.push_back(entry.path());
    }
  }
  for (const std::filesystem::path& path : doomed) {
    remove_folder(path);
  }
}

Checkpoint CheckpointStore::load(std::int64_t step) const {
  const std::filesystem::path path = path_of(step);
  const nlohmann::json index =
      nlohmann::json::parse(read_file(path / kIndexFile), nullptr, /*allow_exceptions=*/false);
  Checkpoint checkpoint;
  try {
    checkpoint.step = index.at("step").get<std::int64_t>();
    checkpoint.state = index.at("state");
    checkpoint.environment = index.at("environment");
    for (const auto& [name, entry] : index.at("files").items()) {
      const std::filesystem::path file = path / (name + ".safetensors");
      if (name.find('/') != std::string::npos) {
        broken(path, "it names a file outside itself");
      }
      if (checksum_of(file, entry.at("bytes").get<std::uint64_t>()) !=
          entry.at("crc32c").get<std::uint32_t>()) {
        broken(path, name + ".safetensors has another size or checksum than it was saved with");
      }
      checkpoint.files[name] = read_tensors(file);
    }
  } catch (const nlohmann::json::exception&) {
    broken(path, "checkpoint.json is not what was saved");
  }
  if (checkpoint.step != step) {
    broken(path, "checkpoint.json is of step " + std::to_string(checkpoint.step));
  }
  return checkpoint;
}

std::optional<Checkpoint> CheckpointStore::load_newest() const {
  const std::vector<std::int64_t> all = steps();
  for (auto step = all.rbegin(); step != all.rend(); ++step) {
    try {
      return load(*step);
    } catch (const Error& error) {
      log_warning(path_of(*step).string() + " is left aside: " + error.message());
    }
  }
  return std::nullopt;
}

}  // namespace everform
