// Plans of named stages (codec, teacher, judge, main): a finished stage is frozen and found again by what it
// was made from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace everform {

struct Stage {
  std::string name;  ///< "codec"
  /// All that its result depends on: its part of the recipe, the identity of its data, the seed, the keys of
  /// stages it builds on.
  nlohmann::json key;
  /// Trains the stage into `folder`, going on with what is there where `resume`. It is finished when this
  /// returns.
  std::function<void(const std::filesystem::path& folder, bool resume)> train;
};

struct StageResult {
  std::filesystem::path folder;  ///< a run folder with model.safetensors
  std::string hash;              ///< of the key
  bool reused = false;           ///< it was there already
};

/// Runs stages into a store that several plans share.
class TrainingPlan {
 public:
  /// @param run the run folder that the plan's main result goes to; it keeps a copy of each stage's model
  /// under stages/NAME
  /// @param store where stages live: STORE/NAME-HASH/{stage.json,
  /// run/}
  TrainingPlan(std::filesystem::path run, std::filesystem::path store = default_stage_store());

  /// The stage's result: found where a finished one with the same key is in the store, else trained (or gone
  /// on with). Two processes that need the same stage wait for each other.
  StageResult run(const Stage& stage);

  /// $EVERFORM_CACHE/stages, by default ~/.cache/everform/stages.
  static std::filesystem::path default_stage_store();

 private:
  std::filesystem::path run_;
  std::filesystem::path store_;
};

}  // namespace everform
