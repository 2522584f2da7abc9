// A decoder's canonical tensors in the form of an architecture's files: reading's inverse.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "everform/core/io/decoder_checkpoint.h"
#include "everform/core/io/tensor_map.h"
#include "everform/core/io/tensor_to_write.h"

namespace everform {

/// What a stored tensor is, for choosing its type.
struct StoredRole {
  std::string canonical;            ///< the (first) canonical tensor in it
  std::vector<std::int64_t> shape;  ///< as stored
  ElementType source_type = ElementType::kF32;
};
using TypeChoice = std::function<ElementType(const StoredRole&)>;

/// One tensor to write for every stored name of the table, in the stack's order. Rows whose type does not
/// change are copied as they are; others are converted when their turn comes. `source` must outlive the
/// result.
std::vector<TensorToWrite> to_stored_form(DecoderCheckpoint& source, const TensorMap& map,
                                          const TypeChoice& choose);

}  // namespace everform
