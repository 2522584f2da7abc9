// A family of decoders as others store it: the keys of its configuration and the places of its tensors, in
// Hugging Face folders and in GGUF.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/io/config_keys.h"
#include "everform/core/io/gguf_keys.h"
#include "everform/core/io/tensor_map.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// A stored tensor by its name in the file, nullptr where there is none.
using TensorLookup = std::function<const TensorView*(const std::string&)>;

/// One family. What a family has no form for throws Error{kUsage}.
class Architecture {
 public:
  virtual ~Architecture() = default;

  /// TransformerConfig::architecture and Hugging Face's model_type.
  virtual std::string name() const = 0;
  /// The class that `transformers` loads it with: "LlamaForCausalLM".
  virtual std::string hf_class() const = 0;
  /// What some files leave out in front of every tensor of the stack ("model.", "transformer.").
  virtual std::string hf_base_prefix() const = 0;
  /// GGUF's general.architecture; empty where llama.cpp does not know the family.
  virtual std::string gguf_name() const { return ""; }

  /// Reads all keys of config.json that matter; the caller has read model_type and the token ids, and refuses
  /// what is left.
  virtual void read_hf(ConfigKeys& keys, TransformerConfig& config) const = 0;
  /// The family's own keys of config.json.
  virtual nlohmann::json write_hf(const TransformerConfig& config) const = 0;
  virtual TensorMap hf_tensors(const TransformerConfig& config) const = 0;
  /// Buffers and copies that files of this family may hold and nobody needs.
  virtual bool hf_ignores(const std::string& stored_name) const;

  /// Reads the keys "gguf_name.*". The caller has set the vocabulary, the token ids and `tied`.
  virtual void read_gguf(ConfigKeys& keys, const TensorLookup& tensors, TransformerConfig& config) const;
  virtual void write_gguf(const TransformerConfig& config, GgufKeys& keys) const;
  virtual TensorMap gguf_tensors(const TransformerConfig& config) const;
};

/// All families; "everform" is not among them, its files hold the canonical form itself.
const std::vector<const Architecture*>& architectures();
/// All families, the configuration's own first.
std::vector<const Architecture*> architectures_for(const TransformerConfig& config);
/// nullptr where unknown.
const Architecture* find_architecture(std::string_view name);
/// The family that reads a GGUF architecture; nullptr where unknown.
const Architecture* find_gguf_architecture(std::string_view gguf_name);

}  // namespace everform
