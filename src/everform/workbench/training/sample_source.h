// Batches of the samples that a domain supplies.
#pragma once

#include <cstdint>
#include <memory>

#include "everform/core/io/sample_supply.h"
#include "everform/workbench/training/batch_source.h"

namespace everform {

/// Fresh samples drawn for every item, or the fixed set in a new order each epoch. @param batch items of the
/// global batch. Throws Error{kBadInput} for an empty set.
std::shared_ptr<const BatchSource> sample_batches(const SampleSupply& supply, std::int64_t batch,
                                                  std::uint64_t seed);

}  // namespace everform
