// Where batches come from: pure functions of (seed, step, item range), so that a resumed run needs no
// reader's state and a batch that is split over micro-batches or processes has the same items as the whole
// one.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>

#include "everform/core/io/sample.h"
#include "everform/workbench/objectives/objective.h"

namespace everform {

/// The training data as an endless sequence of global batches.
class BatchSource {
 public:
  virtual ~BatchSource() = default;

  /// Items [first_item, first_item + items) of the global batch of `step` (from 0), on the CPU. A pure
  /// function of its arguments and of how the source was made; safe to call from several threads.
  virtual Batch batch(std::int64_t step, std::int64_t first_item, std::int64_t items) const = 0;

  /// What the data are (file, size, hash, seed): stored with every checkpoint; resuming with another identity
  /// is refused.
  virtual nlohmann::json identity() const { return nlohmann::json::object(); }
};

/// Joins samples into a batch by each array's collate rule. int64 stays int64, uint8 uint8, float float32.
/// Throws Error{kBadInput} where names, types or shapes do not agree.
Batch collate(std::span<const Sample> samples);

/// Batches of samples that a function makes.
class GeneratedSource final : public BatchSource {
 public:
  /// Makes the sample of one item of one step. Must be a pure function of its arguments (RandomStream(seed,
  /// purpose, step, item)) and safe to call from another thread.
  using Generator = std::function<Sample(std::int64_t step, std::int64_t item)>;

  GeneratedSource(Generator generator, nlohmann::json identity);

  Batch batch(std::int64_t step, std::int64_t first_item, std::int64_t items) const override;
  nlohmann::json identity() const override { return identity_; }

 private:
  Generator generator_;
  nlohmann::json identity_;
};

/// Batches drawn from a fixed data set in shuffled epochs: position n = step * batch + item is element
/// `order(n % size)` of epoch n / size, where the order is a new permutation each epoch.
class DataSetSource final : public BatchSource {
 public:
  struct Options {
    std::int64_t size = 0;   ///< elements of the data set
    std::int64_t batch = 1;  ///< items of the global batch
    std::uint64_t seed = 0;
    bool shuffle = true;
  };
  /// @param element makes element `index` as it is used in `epoch` (for augmentations); pure and thread-safe
  using Element = std::function<Sample(std::int64_t index, std::int64_t epoch)>;

  /// Throws Error{kBadInput} for an empty data set.
  DataSetSource(Options options, Element element, nlohmann::json identity);

  Batch batch(std::int64_t step, std::int64_t first_item, std::int64_t items) const override;
  nlohmann::json identity() const override;

 private:
  Options options_;
  Element element_;
  nlohmann::json identity_;
};

}  // namespace everform
