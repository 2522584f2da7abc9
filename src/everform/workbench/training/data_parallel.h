// Data parallel training: several processes with the same weights, each with its share of every batch (c10d
// over Gloo).
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace everform {

/// The processes of one training.
class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;
  virtual std::int64_t rank() const = 0;
  virtual std::int64_t world() const = 0;
  /// Replaces the values by their sums over all processes; the order of each addition depends on the world's
  /// size alone.
  virtual void sum(std::vector<torch::Tensor>& tensors) = 0;
  /// Replaces the values by rank 0's.
  virtual void broadcast(std::vector<torch::Tensor>& tensors) = 0;
  virtual void barrier() = 0;
};

/// The group that RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT describe, as torchrun sets them; nullptr
/// where WORLD_SIZE is absent or 1. While a group lives, every call gives the same one. Throws Error{kUsage}
/// for values that make no sense, Error{kMissing} where the others do not come within `timeout_seconds`.
std::shared_ptr<ProcessGroup> process_group_from_environment(double timeout_seconds = 300.0);

}  // namespace everform
