// A decoder's weights and configuration, read from any format into one naming.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "everform/core/io/tensor_store.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// An opened decoder: a GGUF file, a Hugging Face folder, or a run folder of Everform (config.json with
/// model_type "everform"). Tensors are handed out under TransformerConfig's canonical names, fused ones
/// split, Conv1D ones transposed, rotary rows in half-split order; quantized rows stay quantized.
class DecoderCheckpoint {
 public:
  virtual ~DecoderCheckpoint() = default;
  virtual const TransformerConfig& config() const = 0;
  /// Canonical names, in the stack's order.
  virtual const std::vector<std::string>& names() const = 0;
  virtual bool has(const std::string& canonical_name) const = 0;
  /// The tensor under its canonical name: a view of the file where its rows lie there as they are, else of
  /// memory that this owns.
  virtual TensorView tensor(const std::string& canonical_name) = 0;
  /// Says that a tensor has been read: its memory is given back. Asked for again, it is read again.
  virtual void release(const std::string& /*canonical_name*/) {}
  /// The tensor's element type, without touching its data.
  virtual ElementType type(const std::string& canonical_name) { return tensor(canonical_name).type; }
  /// Where it was read from, and the file's own metadata (GGUF keys, or config.json).
  virtual const std::filesystem::path& path() const = 0;
  virtual const nlohmann::json& metadata() const = 0;
};

/// Opens and checks a decoder: every tensor the configuration needs is there with the right shape, none
/// unknown is left over. An architecture or key that is not understood is Error{kBadInput}, never a guess.
/// Encoders are refused with a hint to `embed`.
std::unique_ptr<DecoderCheckpoint> open_decoder(const std::filesystem::path& path);

}  // namespace everform
