#include "everform/core/io/gguf_config.h"

#include <algorithm>
#include <map>

#include "everform/core/base/error.h"
#include "everform/core/io/hf_config.h"
#include "everform/core/io/rope_factors.h"
#include "everform/core/recipes/nearest_name.h"

namespace everform {

namespace {

void read_token_ids(const nlohmann::json& metadata, const std::string& where, TransformerConfig& config) {
  ConfigKeys keys(metadata, where, "tokenizer.ggml.");
  // Some files name an id beyond the vocabulary where there is no such token.
  const auto valid = [&](std::int64_t id) { return id >= 0 && id < config.vocabulary; };
  const std::int64_t bos = keys.integer("bos_token_id", -1);
  config.bos = valid(bos) ? bos : -1;
  for (const char* key : {"eos_token_id", "eot_token_id"}) {
    const std::int64_t id = keys.integer(key, -1);
    if (valid(id) && std::find(config.eos.begin(), config.eos.end(), id) == config.eos.end()) {
      config.eos.push_back(id);
    }
  }
}

TransformerConfig read_config(const nlohmann::json& metadata, const TensorLookup& tensors,
                              const std::string& where, const Architecture& architecture) {
  ConfigKeys split(metadata, where, "split.");
  if (split.integer("count", 1) > 1) {
    throw Error(ErrorKind::kBadInput, where, "it is one part of several",
                "merge the parts into one GGUF file");
  }
  TransformerConfig config;
  config.architecture = architecture.name();
  const TensorView* table = tensors("token_embd.weight");
  if (table == nullptr || table->shape.size() != 2) {
    throw Error(ErrorKind::kBadInput, where, "it has no table token_embd.weight",
                "name a language model's file");
  }
  config.vocabulary = table->shape[0];
  config.tied = tensors("output.weight") == nullptr;
  read_token_ids(metadata, where, config);
  ConfigKeys keys(metadata, where, architecture.gguf_name() + ".");
  architecture.read_gguf(keys, tensors, config);
  keys.refuse_others();
  validate(config, where);
  return config;
}

}  // namespace

const Architecture& gguf_architecture(const TensorStore& store) {
  const std::string where = "reading " + store.path().string();
  ConfigKeys keys(store.metadata(), where);
  const std::string name = keys.text("general.architecture", "");
  if (const Architecture* found = find_gguf_architecture(name)) {
    return *found;
  }
  std::vector<std::string> names;
  for (const Architecture* architecture : architectures()) {
    if (!architecture->gguf_name().empty()) {
      names.push_back(architecture->gguf_name());
    }
  }
  throw Error(ErrorKind::kBadInput, where,
              "general.architecture \"" + printable(name) + "\" is not supported", suggestion(name, names));
}

TransformerConfig read_gguf_config(const TensorStore& store) {
  const auto lookup = [&](const std::string& name) { return store.find(name); };
  return read_config(store.metadata(), lookup, "reading " + store.path().string(), gguf_architecture(store));
}

void write_gguf_config(const TransformerConfig& config, const Architecture& architecture, GgufKeys& keys) {
  GgufKeys own;
  own.text("general.architecture", architecture.gguf_name());
  architecture.write_gguf(config, own);
  std::map<std::string, TensorView> shapes;
  for (const TensorPlace& place : architecture.gguf_tensors(config)) {
    shapes[place.stored] = {place.stored, ElementType::kF32, place.stored_shape, {}};
  }
  std::vector<float> factors;
  if (config.rotary.scaling == RotaryScaling::kLlama3) {
    factors = llama3_rope_factors(
        config.rotary, config.rotary.dimensions == 0 ? config.head_width : config.rotary.dimensions);
    const auto count = static_cast<std::int64_t>(factors.size());
    shapes["rope_freqs.weight"] = {
        "rope_freqs.weight", ElementType::kF32, {count}, std::as_bytes(std::span(factors))};
  }
  const auto lookup = [&](const std::string& name) -> const TensorView* {
    const auto found = shapes.find(name);
    return found == shapes.end() ? nullptr : &found->second;
  };
  const std::string where = "writing GGUF keys for a " + architecture.name() + " model";
  if (!same_maths(read_config(own.values(), lookup, where, architecture), config)) {
    throw Error(ErrorKind::kUsage, where, "this configuration has something that the format cannot say",
                "write safetensors");
  }
  for (const GgufKey& key : own.keys()) {
    keys.copy(key, own.values()[key.name]);
  }
}

}  // namespace everform
