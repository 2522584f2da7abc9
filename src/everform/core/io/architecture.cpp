#include "everform/core/io/architecture.h"

#include <algorithm>

#include "everform/core/base/error.h"
#include "everform/core/io/architecture_families.h"

namespace everform {

namespace {

[[noreturn]] void no_gguf(const Architecture& architecture) {
  throw Error(ErrorKind::kUsage, "converting a " + architecture.name() + " model",
              "GGUF has no form for this family", "write safetensors");
}

}  // namespace

bool Architecture::hf_ignores(const std::string& stored_name) const {
  return stored_name.ends_with(".rotary_emb.inv_freq");
}

void Architecture::read_gguf(ConfigKeys&, const TensorLookup&, TransformerConfig&) const {
  no_gguf(*this);
}
void Architecture::write_gguf(const TransformerConfig&, GgufKeys&) const {
  no_gguf(*this);
}
TensorMap Architecture::gguf_tensors(const TransformerConfig&) const {
  no_gguf(*this);
}

const std::vector<const Architecture*>& architectures() {
  static const std::vector<const Architecture*> all = {
      &llama_architecture(), &mistral_architecture(),  &qwen2_architecture(),
      &gpt2_architecture(),  &gpt_neox_architecture(), &opt_architecture(),
      &bloom_architecture(), &falcon_architecture(),   &mpt_architecture()};
  return all;
}

std::vector<const Architecture*> architectures_for(const TransformerConfig& config) {
  std::vector<const Architecture*> all = architectures();
  const auto own = std::find(all.begin(), all.end(), find_architecture(config.architecture));
  if (own != all.end()) {
    std::rotate(all.begin(), own, own + 1);
  }
  return all;
}

const Architecture* find_architecture(std::string_view name) {
  for (const Architecture* architecture : architectures()) {
    if (architecture->name() == name) {
      return architecture;
    }
  }
  return nullptr;
}

const Architecture* find_gguf_architecture(std::string_view gguf_name) {
  for (const Architecture* architecture : architectures()) {
    if (!gguf_name.empty() && architecture->gguf_name() == gguf_name) {
      return architecture;
    }
  }
  return nullptr;
}

}  // namespace everform
