#include "everform/workbench/training/prefetch.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "everform/core/base/error.h"

namespace everform {

std::vector<BatchSlices::Slice> BatchSlices::slices() const {
  if (batch < world) {
    throw Error(ErrorKind::kUsage, "sharing a batch out",
                "training.batch is " + std::to_string(batch) + ", and there are " + std::to_string(world) +
                    " processes",
                "set training.batch to at least one item a process");
  }
  // The first batch % world processes take one item more.
  const std::int64_t share = batch / world;
  const std::int64_t more = batch % world;
  const std::int64_t begin = rank * share + std::min(rank, more);
  const std::int64_t end = begin + share + (rank < more ? 1 : 0);
  const std::int64_t size = micro_batch > 0 ? micro_batch : end - begin;
  std::vector<Slice> result;
  for (std::int64_t first = begin; first < end; first += size) {
    result.push_back({first, std::min(size, end - first)});
  }
  return result;
}

struct Prefetcher::State {
  std::shared_ptr<const BatchSource> source;
  std::vector<BatchSlices::Slice> slices;
  std::int64_t first_step = 0;
  std::int64_t end_step = 0;
  torch::Device device = torch::kCPU;
  std::size_t ahead = 4;

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Batch> ready;
  std::exception_ptr failure;
  bool ended = false;
  bool stop = false;
  std::thread worker;

  Batch make(std::int64_t step, const BatchSlices::Slice& slice) const {
    Batch batch = source->batch(step, slice.first_item, slice.items);
    if (device.is_cuda()) {
      for (auto& [name, array] : batch.arrays) {
        if (array.scalar_type() == at::kByte) {
          batch.sums[name] = array.sum(at::kDouble).item<double>();
        }
        array = array.pin_memory();
      }
    }
    return batch;
  }

  /// False where the consumer has gone.
  bool put(Batch batch) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return stop || ready.size() < ahead; });
    if (stop) {
      return false;
    }
    ready.push_back(std::move(batch));
    changed.notify_all();
    return true;
  }

  void work() {
    std::exception_ptr thrown;
    try {
      bool wanted = true;
      for (std::int64_t step = first_step; wanted && step < end_step; ++step) {
        for (std::size_t i = 0; wanted && i < slices.size(); ++i) {
          wanted = put(make(step, slices[i]));
        }
      }
    } catch (...) {
      thrown = std::current_exception();
    }
    const std::lock_guard lock(mutex);
    failure = thrown;
    ended = true;
    changed.notify_all();
  }
};

Prefetcher::Prefetcher(std::shared_ptr<const BatchSource> source, std::vector<BatchSlices::Slice> slices,
                       std::int64_t first_step, std::int64_t end_step, torch::Device device,
                       std::size_t ahead)
    : state_(std::make_unique<State>()) {
  state_->source = std::move(source);
  state_->slices = std::move(slices);
  state_->first_step = first_step;
  state_->end_step = end_step;
  state_->device = device;
  state_->ahead = std::max<std::size_t>(ahead, 1);
  state_->worker = std::thread([state = state_.get()] { state->work(); });
}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
    state_->changed.notify_all();
  }
  state_->worker.join();
}

Batch Prefetcher::next() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [&] { return !state_->ready.empty() || state_->ended; });
  if (state_->ready.empty()) {
    if (state_->failure) {
      std::rethrow_exception(state_->failure);
    }
    throw Error(ErrorKind::kFailed, "reading training data",
                "more batches were asked for than there are steps");
  }
  Batch batch = std::move(state_->ready.front());
  state_->ready.pop_front();
  state_->changed.notify_all();
  lock.unlock();
  return state_->device.is_cpu() ? batch : batch.to(state_->device);
}

}  // namespace everform
