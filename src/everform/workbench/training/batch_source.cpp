#include "everform/workbench/training/batch_source.h"

#include <algorithm>
#include <vector>

#include "everform/core/base/error.h"
#include "everform/workbench/training/permutation.h"

namespace everform {
namespace {

[[noreturn]] void fail(const std::string& array, const std::string& message) {
  throw Error(ErrorKind::kBadInput, "making a batch of array \"" + array + "\"", message,
              "all samples of a batch need the same arrays, with shapes that their collate rule can join");
}

template <typename T>
constexpr at::ScalarType kScalarType = std::is_same_v<T, float>          ? at::kFloat
                                       : std::is_same_v<T, std::int64_t> ? at::kLong
                                                                         : at::kByte;

std::int64_t product(std::span<const std::int64_t> shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    count *= size;
  }
  return count;
}

// The arrays of one name, one a sample, checked to have one type and rule and shapes that agree but for the
// first dimension.
template <typename T>
class Column {
 public:
  Column(const std::string& name, std::span<const Sample> samples) : name_(name) {
    for (const Sample& sample : samples) {
      const auto found = sample.arrays.find(name);
      if (found == sample.arrays.end()) {
        fail(name, "one sample lacks it");
      }
      const SampleArray& array = found->second;
      const auto* values = std::get_if<std::vector<T>>(&array.values);
      if (values == nullptr || array.collate != first(samples).collate) {
        fail(name, "its type or its collate rule differs between samples");
      }
      if (product(array.shape) != static_cast<std::int64_t>(values->size())) {
        fail(name, "it has " + std::to_string(values->size()) + " values, its shape " +
                       std::to_string(product(array.shape)));
      }
      check_shape(array.shape, first(samples).shape, array.collate);
      shapes_.push_back(&array.shape);
      values_.push_back(values);
    }
  }

  torch::Tensor stack() const {
    torch::Tensor out = torch::empty(with_leading({items()}, *shapes_[0], 0), kScalarType<T>);
    T* to = out.data_ptr<T>();
    for (const auto* values : values_) {
      to = std::copy(values->begin(), values->end(), to);
    }
    return out;
  }

  torch::Tensor pad(double padding, torch::Tensor& lengths) const {
    lengths = this->lengths();
    const std::int64_t longest = lengths.max().item<std::int64_t>();
    torch::Tensor out =
        torch::full(with_leading({items(), longest}, *shapes_[0], 1), padding, kScalarType<T>);
    const std::int64_t row = items() == 0 ? 0 : out.numel() / items();
    T* to = out.data_ptr<T>();
    for (const auto* values : values_) {
      std::copy(values->begin(), values->end(), to);
      to += row;
    }
    return out;
  }

  torch::Tensor pack(torch::Tensor& offsets) const {
    const torch::Tensor ends = lengths().cumsum(0);
    offsets = torch::cat({torch::zeros({1}, at::kLong), ends});
    torch::Tensor out =
        torch::empty(with_leading({ends[-1].item<std::int64_t>()}, *shapes_[0], 1), kScalarType<T>);
    T* to = out.data_ptr<T>();
    for (const auto* values : values_) {
      to = std::copy(values->begin(), values->end(), to);
    }
    return out;
  }

 private:
  const SampleArray& first(std::span<const Sample> samples) const { return samples[0].arrays.at(name_); }
  std::int64_t items() const { return static_cast<std::int64_t>(values_.size()); }

  void check_shape(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& wanted,
                   Collate collate) {
    const std::size_t free = collate == Collate::kStack ? 0 : 1;
    if (shape.size() < free || shape.size() != wanted.size() ||
        !std::equal(shape.begin() + static_cast<std::ptrdiff_t>(free), shape.end(),
                    wanted.begin() + static_cast<std::ptrdiff_t>(free))) {
      fail(name_, "its shape differs between samples");
    }
  }

  torch::Tensor lengths() const {
    torch::Tensor lengths = torch::empty({items()}, at::kLong);
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
      lengths.data_ptr<std::int64_t>()[i] = (*shapes_[i])[0];
    }
    return lengths;
  }

  static std::vector<std::int64_t> with_leading(std::vector<std::int64_t> leading,
                                                const std::vector<std::int64_t>& shape, std::ptrdiff_t skip) {
    leading.insert(leading.end(), shape.begin() + skip, shape.end());
    return leading;
  }

  std::string name_;
  std::vector<const std::vector<std::int64_t>*> shapes_;
  std::vector<const std::vector<T>*> values_;
};

template <typename T>
void collate_array(const std::string& name, std::span<const Sample> samples, Batch& batch) {
  const SampleArray& first = samples[0].arrays.at(name);
  const Column<T> column(name, samples);
  switch (first.collate) {
    case Collate::kStack:
      batch.arrays[name] = column.stack();
      break;
    case Collate::kPad:
      batch.arrays[name] = column.pad(first.padding, batch.arrays[name + ".lengths"]);
      break;
    case Collate::kPack:
      batch.arrays[name] = column.pack(batch.arrays[name + ".offsets"]);
      break;
  }
}

}  // namespace

Batch collate(std::span<const Sample> samples) {
  Batch batch;
  batch.item_count = static_cast<std::int64_t>(samples.size());
  if (samples.empty()) {
    return batch;
  }
  for (const Sample& sample : samples) {
    if (sample.arrays.size() != samples[0].arrays.size()) {
      fail(sample.arrays.empty() ? "" : sample.arrays.begin()->first,
           "the samples have different numbers of arrays");
    }
  }
  for (const auto& [name, array] : samples[0].arrays) {
    std::visit(
        [&](const auto& values) {
          collate_array<typename std::decay_t<decltype(values)>::value_type>(name, samples, batch);
        },
        array.values);
  }
  return batch;
}

GeneratedSource::GeneratedSource(Generator generator, nlohmann::json identity)
    : generator_(std::move(generator)), identity_(std::move(identity)) {}

Batch GeneratedSource::batch(std::int64_t step, std::int64_t first_item, std::int64_t items) const {
  std::vector<Sample> samples;
  samples.reserve(static_cast<std::size_t>(items));
  for (std::int64_t item = 0; item < items; ++item) {
    samples.push_back(generator_(step, first_item + item));
  }
  return collate(samples);
}

DataSetSource::DataSetSource(Options options, Element element, nlohmann::json identity)
    : options_(options), element_(std::move(element)), identity_(std::move(identity)) {
  if (options_.size < 1) {
    throw Error(ErrorKind::kBadInput, "opening the training data", "there is nothing in them",
                "name other data");
  }
}

Batch DataSetSource::batch(std::int64_t step, std::int64_t first_item, std::int64_t items) const {
  std::vector<Sample> samples;
  samples.reserve(static_cast<std::size_t>(items));
  std::optional<Permutation> order;
  std::int64_t order_epoch = -1;
  for (std::int64_t item = 0; item < items; ++item) {
    const std::int64_t position = step * options_.batch + first_item + item;
    const std::int64_t epoch = position / options_.size;
    auto index = static_cast<std::uint64_t>(position % options_.size);
    if (options_.shuffle) {
      if (epoch != order_epoch) {
        order.emplace(static_cast<std::uint64_t>(options_.size), options_.seed,
                      static_cast<std::uint64_t>(epoch));
        order_epoch = epoch;
      }
      index = (*order)(index);
    }
    samples.push_back(element_(static_cast<std::int64_t>(index), epoch));
  }
  return collate(samples);
}

nlohmann::json DataSetSource::identity() const {
  return {{"data", identity_},
          {"size", options_.size},
          {"batch", options_.batch},
          {"seed", options_.seed},
          {"shuffle", options_.shuffle}};
}

}  // namespace everform
