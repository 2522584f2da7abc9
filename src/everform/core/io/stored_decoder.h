// A decoder's files: the store, what its configuration says, and where each canonical tensor lies.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "everform/core/io/decoder_checkpoint.h"
#include "everform/core/io/tensor_map.h"

namespace everform {

struct StoredDecoder {
  std::filesystem::path path;
  std::unique_ptr<TensorStore> store;
  TransformerConfig config;
  TensorMap map;
  nlohmann::json metadata;
  /// Stored tensors that no canonical one needs and that may be there all the same.
  std::function<bool(const std::string&)> ignores;
};

/// Checks every tensor against the table and hands them out. Throws Error{kBadInput} for one that is missing,
/// has another shape or a type that holds no weights, and for one that nobody needs.
std::unique_ptr<DecoderCheckpoint> make_checkpoint(StoredDecoder stored);

}  // namespace everform
