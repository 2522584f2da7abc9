// Checkpoints that survive a kill at any point: a folder of safetensors files and a JSON, written beside,
// synced, renamed.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "everform/core/base/atomic_file.h"

namespace everform {

/// What is in a checkpoint: files of named tensors ("weights", "optimizer", "ema") and the trainer's other
/// state.
struct Checkpoint {
  std::int64_t step = 0;  ///< steps done
  std::map<std::string, std::map<std::string, torch::Tensor>> files;
  nlohmann::json state;        ///< the cursor and running sums
  nlohmann::json environment;  ///< threads, instruction set, library versions
};

/// Threads, instruction set and library versions: bitwise resume holds only where these are the same.
nlohmann::json current_environment();

/// The folder checkpoints/ of a run.
class CheckpointStore {
 public:
  explicit CheckpointStore(std::filesystem::path folder, FileSystemCalls& calls = system_calls());

  /// Writes checkpoints/step-000123. The others are removed, down to `keep`, only after the new one is
  /// durable. Throws Error{kFailed}; whatever was there before is then still there.
  void save(const Checkpoint& checkpoint, std::int64_t keep);
  /// The newest one whose files are all there with the right sizes and checksums; nothing where there is
  /// none. Broken ones are named in a warning.
  std::optional<Checkpoint> load_newest() const;
  /// Removes what a kill left behind and checkpoints after `step`, which load_newest found broken.
  void clean(std::int64_t step);
  /// Steps of the checkpoint folders, ascending, whether intact or not.
  std::vector<std::int64_t> steps() const;

 private:
  std::filesystem::path path_of(std::int64_t step) const;
  void remove_folder(const std::filesystem::path& path);

  std::filesystem::path folder_;
  FileSystemCalls& calls_;
};

/// A file of tensors, moved to the CPU and made contiguous, through the atomic route.
void write_tensors(const std::filesystem::path& path, const std::map<std::string, torch::Tensor>& tensors,
                   const std::map<std::string, std::string>& metadata,
                   FileSystemCalls& calls = system_calls());
/// The tensors of a safetensors file, copied out of it.
std::map<std::string, torch::Tensor> read_tensors(const std::filesystem::path& path);

}  // namespace everform
