#include "everform/workbench/training/sample_source.h"

namespace everform {

std::shared_ptr<const BatchSource> sample_batches(const SampleSupply& supply, std::int64_t batch,
                                                  std::uint64_t seed) {
  if (supply.draw) {
    auto sample = [seed, purpose = supply.purpose, draw = supply.draw](std::int64_t step, std::int64_t item) {
      RandomStream random(seed, purpose, static_cast<std::uint64_t>(step), static_cast<std::uint64_t>(item));
      return draw(random, item);
    };
    return std::make_shared<GeneratedSource>(std::move(sample), supply.identity);
  }
  auto element = [sample = supply.sample](std::int64_t index, std::int64_t /*epoch*/) {
    return sample(static_cast<std::size_t>(index));
  };
  const DataSetSource::Options options{
      .size = static_cast<std::int64_t>(supply.size), .batch = batch, .seed = seed};
  return std::make_shared<DataSetSource>(options, std::move(element), supply.identity);
}

}  // namespace everform
