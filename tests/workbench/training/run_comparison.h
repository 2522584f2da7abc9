// What two runs must share to be the same training.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "everform/core/base/atomic_file.h"
#include "everform/workbench/training/checkpoint.h"

namespace everform::test {

/// The rows of metrics.jsonl without what the clock decides.
inline std::vector<nlohmann::json> metric_rows(const std::filesystem::path& run) {
  std::vector<nlohmann::json> rows;
  std::istringstream text(read_file(run / "metrics.jsonl"));
  for (std::string line; std::getline(text, line);) {
    nlohmann::json row = nlohmann::json::parse(line);
    row.erase("seconds");
    row.erase("tokens_per_second");
    rows.push_back(std::move(row));
  }
  return rows;
}

inline void expect_same_tensors(const NamedTensors& a, const NamedTensors& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, tensor] : a) {
    ASSERT_TRUE(b.contains(name)) << name;
    EXPECT_TRUE(torch::equal(tensor, b.at(name))) << name;
  }
}

/// Metrics, model, and the last checkpoint's weights, averages, optimizer state and counters are the same bit
/// for bit.
inline void expect_same_runs(const std::filesystem::path& a, const std::filesystem::path& b) {
  EXPECT_EQ(metric_rows(a), metric_rows(b));
  expect_same_tensors(read_tensors(a / "model.safetensors"), read_tensors(b / "model.safetensors"));
  const auto ours = CheckpointStore(a / "checkpoints").load_newest();
  const auto theirs = CheckpointStore(b / "checkpoints").load_newest();
  ASSERT_TRUE(ours && theirs);
  EXPECT_EQ(ours->step, theirs->step);
  ASSERT_EQ(ours->files.size(), theirs->files.size());
  for (const auto& [file, tensors] : theirs->files) {
    expect_same_tensors(ours->files.at(file), tensors);
  }
  nlohmann::json our_state = ours->state;
  nlohmann::json their_state = theirs->state;
  our_state.erase("seconds");
  their_state.erase("seconds");
  EXPECT_EQ(our_state, their_state);
}

}  // namespace everform::test
