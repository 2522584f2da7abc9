// Makes the next micro-batches on another thread while the current one is computed.
#pragma once

#include <torch/types.h>

#include <memory>

#include "everform/workbench/training/batch_source.h"

namespace everform {

/// The slices of the global batch that one process computes in a step, one after the other.
struct BatchSlices {
  std::int64_t batch = 1;        ///< items of the global batch, over all processes
  std::int64_t micro_batch = 0;  ///< items computed at once; 0: this process's whole share
  std::int64_t rank = 0;
  std::int64_t world = 1;

  struct Slice {
    std::int64_t first_item = 0;
    std::int64_t items = 0;
  };
  /// In the order of computation; together over all ranks they are [0, batch). Throws Error{kUsage} where a
  /// process would get none.
  std::vector<Slice> slices() const;
};

/// Hands out the micro-batches of steps [first_step, end_step) in order, made ahead of time by one thread.
/// Where the source throws, next() throws it.
class Prefetcher {
 public:
  /// @param device where batches are wanted; on CUDA they are pinned and copied without waiting
  /// @param ahead micro-batches that may wait
  Prefetcher(std::shared_ptr<const BatchSource> source, std::vector<BatchSlices::Slice> slices,
             std::int64_t first_step, std::int64_t end_step, torch::Device device, std::size_t ahead = 4);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The next micro-batch, in the order of (step, slice).
  Batch next();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace everform
