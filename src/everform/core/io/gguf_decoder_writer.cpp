#include <algorithm>
#include <array>
#include <utility>

#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/core/io/decoder_writers.h"
#include "everform/core/io/gguf_config.h"
#include "everform/core/io/gguf_tokenizer_import.h"
#include "everform/core/io/quantize.h"
#include "everform/core/io/rope_factors.h"
#include "everform/core/io/stored_form.h"

namespace everform {

namespace {

/// llama.cpp's number for a file whose weights are mostly of a type (llama_ftype).
std::uint32_t file_type_code(ElementType type) {
  switch (type) {
    case ElementType::kF16:
      return 1;
    case ElementType::kQ4_0:
      return 2;
    case ElementType::kQ4_1:
      return 3;
    case ElementType::kQ8_0:
      return 7;
    case ElementType::kQ5_0:
      return 8;
    case ElementType::kQ5_1:
      return 9;
    case ElementType::kQ2_K:
      return 10;
    case ElementType::kQ3_K:
      return 11;
    case ElementType::kQ4_K:
      return 14;
    case ElementType::kQ5_K:
      return 16;
    case ElementType::kQ6_K:
      return 18;
    case ElementType::kBF16:
      return 32;
    default:
      return 0;
  }
}

ElementType kept_type(ElementType source) {
  return source == ElementType::kF64 ? ElementType::kF32 : source;
}

TypeChoice choose_types(const TransformerConfig& config, std::optional<ElementType> wanted) {
  return [tied = config.tied, wanted](const StoredRole& role) {
    if (role.shape.size() < 2 || role.canonical == "model.embed_positions.weight") {
      return ElementType::kF32;
    }
    if (!wanted) {
      return kept_type(role.source_type);
    }
    const bool output = role.canonical == (tied ? "model.embed_tokens.weight" : "lm_head.weight");
    const bool few_bits = is_quantized(*wanted) && *wanted != ElementType::kQ8_0;
    return type_for_rows(output && few_bits ? ElementType::kQ6_K : *wanted, role.shape.back());
  };
}

/// The type that most of the weights have.
ElementType main_type(const std::vector<TensorToWrite>& tensors) {
  std::vector<std::pair<ElementType, std::int64_t>> counts;
  for (const TensorToWrite& tensor : tensors) {
    const std::int64_t elements = tensor.shape.size() < 2 ? 0 : tensor.shape[0] * tensor.shape[1];
    const auto found =
        std::find_if(counts.begin(), counts.end(), [&](const auto& c) { return c.first == tensor.type; });
    found == counts.end() ? counts.emplace_back(tensor.type, elements).second : found->second += elements;
  }
  const auto most = std::max_element(counts.begin(), counts.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? ElementType::kF32 : most->first;
}

/// general.* and tokenizer.* of a GGUF source, as they are.
void copy_keys(const GgufStore& store, GgufKeys& keys) {
  constexpr std::array<const char*, 4> kOwn = {"general.architecture", "general.alignment",
                                               "general.file_type", "general.quantization_version"};
  for (const GgufKey& key : store.keys()) {
    const bool wanted = key.name.starts_with("general.") || key.name.starts_with("tokenizer.");
    if (wanted && std::find(kOwn.begin(), kOwn.end(), key.name) == kOwn.end()) {
      keys.copy(key, store.metadata()[key.name]);
    }
  }
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  std::error_code code;
  return std::filesystem::is_directory(path, code) ? path : path.parent_path();
}

void write_general_keys(DecoderCheckpoint& source, GgufKeys& keys) {
  if (source.metadata().contains("general.architecture")) {
    copy_keys(*open_gguf(source.path()), keys);
    return;
  }
  const std::filesystem::path folder = folder_of(source.path());
  std::error_code code;
  keys.text("general.type", "model");
  keys.text("general.name", std::filesystem::weakly_canonical(folder, code).filename().string());
  const std::string reason = import_hf_tokenizer(folder, source.config(), keys);
  if (!reason.empty()) {
    log_warning("the GGUF file gets no tokenizer: " + reason);
  }
}

/// The source's own family where GGUF has it, else the first that can say the configuration.
const Architecture& choose_architecture(const TransformerConfig& config) {
  for (const Architecture* architecture : architectures_for(config)) {
    if (architecture->gguf_name().empty()) {
      continue;
    }
    try {
      GgufKeys trial;
      write_gguf_config(config, *architecture, trial);
      return *architecture;
    } catch (const Error&) {
      continue;
    }
  }
  throw Error(ErrorKind::kUsage, "converting a " + config.architecture + " model to GGUF",
              "no family of GGUF can say this configuration", "convert --to safetensors");
}

}  // namespace

WrittenModel write_gguf_decoder(DecoderCheckpoint& source, std::optional<ElementType> type,
                                const std::filesystem::path& out) {
  const TransformerConfig& config = source.config();
  const Architecture& architecture = choose_architecture(config);
  std::vector<TensorToWrite> tensors =
      to_stored_form(source, architecture.gguf_tensors(config), choose_types(config, type));
  std::vector<float> factors;
  if (config.rotary.scaling == RotaryScaling::kLlama3) {
    factors = llama3_rope_factors(
        config.rotary, config.rotary.dimensions == 0 ? config.head_width : config.rotary.dimensions);
    const auto count = static_cast<std::int64_t>(factors.size());
    tensors.push_back({"rope_freqs.weight", ElementType::kF32, {count}, [&factors] {
                         return std::as_bytes(std::span(factors));
                       }});
  }
  GgufKeys keys;
  write_gguf_config(config, architecture, keys);
  const ElementType mostly = type.value_or(main_type(tensors));
  keys.u32("general.file_type", file_type_code(mostly));
  if (is_quantized(mostly)) {
    constexpr std::int64_t kBlockFormatsVersion = 2;
    keys.u32("general.quantization_version", kBlockFormatsVersion);
  }
  write_general_keys(source, keys);
  return {out, write_gguf(out, keys, tensors), tensors.size()};
}

}  // namespace everform
