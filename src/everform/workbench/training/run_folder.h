// A training's folder: recipe.toml, config.json, run.json, metrics.jsonl, TensorBoard events, checkpoints/,
// samples/, model.safetensors.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "everform/core/base/atomic_file.h"
#include "everform/core/recipes/recipe.h"

namespace everform {

class EventFile;

/// How a run folder was found or left. kAbsent: nothing there, or an empty folder. kForeign: something that
/// is no run.
enum class RunState { kAbsent, kForeign, kStarted, kFinished };

RunState run_state(const std::filesystem::path& path);

class RunFolder {
 public:
  /// Begins a run. Throws Error{kUsage} where the folder holds something, unless `overwrite`.
  static RunFolder create(const std::filesystem::path& path, const Recipe& recipe, bool overwrite = false,
                          FileSystemCalls& calls = system_calls());
  /// Goes on with a run that was started. Throws Error{kMissing} where there is none and Error{kUsage} where
  /// its recipe is another one. training.steps and what does not change the numbers (how often to log, save,
  /// evaluate) may differ.
  static RunFolder resume(const std::filesystem::path& path, const Recipe& recipe,
                          FileSystemCalls& calls = system_calls());
  ~RunFolder();
  RunFolder(RunFolder&&) noexcept;
  RunFolder& operator=(RunFolder&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }
  std::filesystem::path samples(std::int64_t step) const;
  std::filesystem::path model_file() const { return path_ / "model.safetensors"; }
  bool resumed() const { return resumed_; }
  FileSystemCalls& calls() const { return *calls_; }

  /// Drops the rows of metrics.jsonl after `step` (and a torn last line), and tells TensorBoard that the run
  /// goes on there.
  void truncate_metrics(std::int64_t step);
  /// Appends a row to metrics.jsonl ({"step", ...}) and its numbers to the event file, as scalars named by
  /// their keys.
  void add_row(std::int64_t step, const nlohmann::json& row);
  /// A PNG file's content for TensorBoard.
  void add_image(std::int64_t step, const std::string& tag, const std::filesystem::path& png);
  /// The rows written so far.
  std::vector<nlohmann::json> rows() const;

  /// Marks the run as finished with its result.
  void finish(const nlohmann::json& result);
  /// The result of a finished run, null else.
  nlohmann::json result() const;

 private:
  RunFolder(std::filesystem::path path, bool resumed, FileSystemCalls& calls);
  EventFile& events();

  std::filesystem::path path_;
  bool resumed_;
  FileSystemCalls* calls_;
  std::int64_t resumed_step_ = 0;
  std::unique_ptr<EventFile> events_;
};

}  // namespace everform
