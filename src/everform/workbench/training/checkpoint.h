// Checkpoints that survive a kill at any point: a folder of safetensors files and a JSON, written beside,
// synced, renamed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "everform/core/base/atomic_file.h"
#include "everform/workbench/training/tensor_files.h"

namespace everform {

/// What is in a checkpoint: files of named tensors ("weights", "optimizer", "ema") and the trainer's other
/// state.
struct Checkpoint {
  std::int64_t step = 0;  ///< steps done
  std::map<std::string, NamedTensors> files;
  nlohmann::json state;        ///< running sums, counters, the identity of the data
  nlohmann::json environment;  ///< threads, instruction set, library versions
};

/// Threads, instruction set and library versions: bitwise resume holds only where these are the same.
nlohmann::json current_environment();

/// The folder checkpoints/ of a run: step-000123/{checkpoint.json, weights.safetensors,
/// optimizer.safetensors, ...}. The JSON names every file with its size and CRC-32C.
class CheckpointStore {
 public:
  explicit CheckpointStore(std::filesystem::path folder, FileSystemCalls& calls = system_calls());

  /// Writes a checkpoint; older ones are removed, down to `keep`, only after it is durable. Throws
  /// Error{kFailed}: what was there before is then still there.
  void save(const Checkpoint& checkpoint, std::int64_t keep);
  /// The newest checkpoint whose files are all there with the right sizes and checksums; nothing where there
  /// is none. Broken ones are named in a warning.
  std::optional<Checkpoint> load_newest() const;
  /// Removes what a kill left behind, and checkpoints after `step` (which load_newest() found broken).
  void clean(std::int64_t step);
  /// Steps of the checkpoint folders, ascending, whether intact or not.
  std::vector<std::int64_t> steps() const;
  std::filesystem::path path_of(std::int64_t step) const;

 private:
  Checkpoint load(std::int64_t step) const;
  void write_files(const Checkpoint& checkpoint, const std::filesystem::path& folder);
  void remove_folder(const std::filesystem::path& path);

  std::filesystem::path folder_;
  FileSystemCalls& calls_;
};

}  // namespace everform
