// A training's folder: run.json, recipe.toml, config.json, metrics.jsonl, TensorBoard events, checkpoints/,
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

class AppendedFile;
class EventFile;

/// How a folder is found. kAbsent: nothing there, an empty folder, or what a run left that was killed while
/// it was created. kForeign: something that is no run.
enum class RunState { kAbsent, kForeign, kStarted, kFinished };

RunState run_state(const std::filesystem::path& path);

class RunFolder {
 public:
  /// Begins a run. Throws Error{kUsage} where there is a run already, unless `overwrite`, and where the
  /// folder holds anything else, which is never touched.
  static RunFolder create(const std::filesystem::path& path, const Recipe& recipe, bool overwrite = false,
                          FileSystemCalls& calls = system_calls());
  /// Goes on with a run that was started. Throws Error{kMissing} where there is none and Error{kUsage} where
  /// its recipe is another one; how long to train and how often to log, save, evaluate and sample may differ.
  static RunFolder resume(const std::filesystem::path& path, const Recipe& recipe,
                          FileSystemCalls& calls = system_calls());
  ~RunFolder();
  RunFolder(RunFolder&&) noexcept;
  RunFolder& operator=(RunFolder&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path checkpoints() const;
  /// samples/step-000123; not created.
  std::filesystem::path samples(std::int64_t step) const;
  std::filesystem::path model_file() const { return path_ / "model.safetensors"; }
  bool resumed() const { return resumed_; }
  FileSystemCalls& calls() const { return *calls_; }

  /// Drops the rows of metrics.jsonl after `step` (and a torn last line), and tells TensorBoard that the run
  /// goes on there.
  void truncate_metrics(std::int64_t step);
  /// Appends a row to metrics.jsonl ({"step", ...}) and its numbers to the event file, as scalars named by
  /// their keys.
  void add_row(const nlohmann::json& row);
  /// A PNG file for TensorBoard.
  void add_image(std::int64_t step, const std::string& tag, const std::filesystem::path& png);
  /// Makes the rows durable.
  void sync();
  /// The rows written so far; a torn last line is left out.
  std::vector<nlohmann::json> rows() const;

  /// Marks the run as finished with its result.
  void finish(const nlohmann::json& result);

 private:
  RunFolder(std::filesystem::path path, bool resumed, FileSystemCalls& calls);
  void prepare(const Recipe& recipe);
  void write_state(const char* state, const nlohmann::json& recipe, const nlohmann::json& result);

  std::filesystem::path path_;
  bool resumed_;
  FileSystemCalls* calls_;
  std::int64_t resumed_step_ = 0;
  std::unique_ptr<AppendedFile> metrics_;
  std::unique_ptr<EventFile> events_;
};

/// The result that a finished run was marked with, null else.
nlohmann::json run_result(const std::filesystem::path& path);

}  // namespace everform
