// What the tests of file formats share: files byte by byte, and tiny models of every family.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/random.h"
#include "everform/core/io/architecture.h"
#include "everform/core/io/hf_config.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/safetensors.h"
#include "tests/support/shared_data.h"

namespace everform::test {

/// Bytes appended one value at a time, little-endian.
class Bytes {
 public:
  template <typename T>
  Bytes& put(T value) {
    data_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Bytes& text(const std::string& text) {
    data_ += text;
    return *this;
  }
  /// A GGUF string.
  Bytes& string(const std::string& text) { return put<std::uint64_t>(text.size()).text(text); }
  Bytes& zeros(std::size_t count) { return text(std::string(count, '\0')); }
  Bytes& pad(std::size_t alignment) { return zeros((alignment - data_.size() % alignment) % alignment); }

  const std::string& str() const { return data_; }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(data_)); }

 private:
  std::string data_;
};

inline Bytes safetensors_bytes(const std::string& header, std::size_t data_bytes) {
  Bytes bytes;
  bytes.put<std::uint64_t>(header.size()).text(header).zeros(data_bytes);
  return bytes;
}

/// The error that a call throws; fails the comparison where it throws none.
template <typename Call>
std::string refusal(Call&& call, ErrorKind kind = ErrorKind::kBadInput) {
  try {
    call();
  } catch (const Error& error) {
    return error.kind() == kind ? error.message() : std::string("of another kind: ") + error.what();
  }
  return "accepted";
}

/// A small valid configuration of a family.
inline TransformerConfig tiny_config(const std::string& architecture) {
  TransformerConfig config;
  config.architecture = architecture;
  config.vocabulary = 40;
  config.width = 32;
  config.depth = 2;
  config.heads = 4;
  config.kv_heads = 4;
  config.head_width = 8;
  config.ff_width = 128;
  config.context = 24;
  config.bos = 1;
  config.eos = {2};
  if (architecture == "llama" || architecture == "mistral" || architecture == "qwen2") {
    config.kv_heads = 2;
    config.ff_width = 64;
    config.qkv_bias = architecture == "qwen2";
    config.window = architecture == "mistral" ? 16 : 0;
    return config;
  }
  config.norm = NormKind::kLayerNorm;
  config.norm_bias = architecture != "mpt";
  config.gated_mlp = false;
  config.activation = Activation::kGelu;
  config.tied = architecture != "gpt_neox";
  config.qkv_bias = config.attention_output_bias = config.mlp_bias =
      architecture != "mpt" && architecture != "falcon";
  if (architecture == "gpt2" || architecture == "bloom") {
    config.activation = Activation::kGeluTanh;
  }
  if (architecture == "gpt2" || architecture == "opt") {
    config.positions = PositionKind::kLearned;
  }
  if (architecture == "opt") {
    config.activation = Activation::kRelu;
    config.position_offset = 2;
  }
  if (architecture == "bloom" || architecture == "mpt") {
    config.positions = PositionKind::kAlibi;
    config.embedding_norm = architecture == "bloom";
  }
  if (architecture == "gpt_neox") {
    config.rotary.dimensions = 2;
    config.residual = Residual::kParallel;
  }
  if (architecture == "falcon") {
    config.kv_heads = 1;
    config.residual = Residual::kParallelShared;
  }
  return config;
}

/// Random float32 values per stored tensor, by name.
using StoredValues = std::map<std::string, std::vector<float>>;

/// Writes config.json and model.safetensors of a tiny random model in its family's own names. @return what
/// was stored
inline StoredValues write_tiny_folder(const TransformerConfig& config, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  const Architecture& architecture = *find_architecture(config.architecture);
  write_file(folder / "config.json", json_to_text(write_hf_config(config, architecture)));
  StoredValues stored;
  std::vector<TensorToWrite> tensors;
  for (const TensorPlace& place : architecture.hf_tensors(config)) {
    if (stored.contains(place.stored)) {
      continue;
    }
    std::size_t count = 1;
    for (const std::int64_t extent : place.stored_shape) {
      count *= static_cast<std::size_t>(extent);
    }
    std::vector<float>& values = stored[place.stored];
    values.resize(count);
    RandomStream(5, place.stored).fill_normal(values, 0.0F, 0.1F);
    tensors.push_back({place.stored, ElementType::kF32, place.stored_shape,
                       [&values] { return std::as_bytes(std::span(values)); }});
  }
  write_safetensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
  return stored;
}

inline const std::vector<std::string>& families() {
  static const std::vector<std::string> names = {"llama", "mistral", "qwen2",  "gpt2", "gpt_neox",
                                                 "opt",   "bloom",   "falcon", "mpt"};
  return names;
}

}  // namespace everform::test
