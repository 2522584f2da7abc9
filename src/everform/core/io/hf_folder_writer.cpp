#include <array>

#include "everform/core/base/atomic_file.h"
#include "everform/core/base/error.h"
#include "everform/core/base/log.h"
#include "everform/core/io/architecture.h"
#include "everform/core/io/decoder_writers.h"
#include "everform/core/io/gguf_tokenizer_export.h"
#include "everform/core/io/hf_config.h"
#include "everform/core/io/json_text.h"
#include "everform/core/io/output_folder.h"
#include "everform/core/io/safetensors.h"
#include "everform/core/io/stored_form.h"

namespace everform {

namespace {

namespace fs = std::filesystem;

/// config.json and the table of a family of `transformers` or, where none fits, Everform's own.
struct FolderForm {
  nlohmann::json config;
  TensorMap map;
};

FolderForm family_form(const TransformerConfig& config, const Architecture& architecture) {
  return {write_hf_config(config, architecture), architecture.hf_tensors(config)};
}

FolderForm choose_form(const TransformerConfig& config) {
  for (const Architecture* architecture : architectures_for(config)) {
    try {
      return family_form(config, *architecture);
    } catch (const Error&) {
      continue;
    }
  }
  log_warning("no family of transformers can say this configuration: writing Everform's own");
  TensorMapBuilder map(config);
  for (const NamedShape& tensor : transformer_tensors(config)) {
    map.as_is(tensor.name, tensor.name);
  }
  return {to_json(config), map.finish()};
}

void check_type(std::optional<ElementType> type) {
  if (type && *type != ElementType::kF32 && *type != ElementType::kF16 && *type != ElementType::kBF16) {
    throw Error(ErrorKind::kUsage, "converting to safetensors",
                "safetensors has no " + std::string(element_name(*type)) + " weights",
                "choose f32, f16 or bf16, or --to gguf");
  }
}

const char* torch_name(ElementType type) {
  switch (type) {
    case ElementType::kF16:
      return "float16";
    case ElementType::kBF16:
      return "bfloat16";
    case ElementType::kF64:
      return "float64";
    default:
      return "float32";
  }
}

/// Everything that belongs to the tokenizer and to generation in a source folder.
void copy_side_files(const fs::path& from, const fs::path& to) {
  constexpr std::array<const char*, 11> kFiles = {"tokenizer.json",
                                                  "tokenizer_config.json",
                                                  "special_tokens_map.json",
                                                  "added_tokens.json",
                                                  "vocab.json",
                                                  "merges.txt",
                                                  "tokenizer.model",
                                                  "chat_template.jinja",
                                                  "chat_template.json",
                                                  "generation_config.json",
                                                  "vocab.txt"};
  for (const char* name : kFiles) {
    std::error_code code;
    if (fs::is_regular_file(from / name, code)) {
      write_file(to / name, read_file(from / name));
    }
  }
}

std::size_t folder_bytes(const fs::path& folder) {
  std::size_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    bytes += entry.is_regular_file() ? entry.file_size() : 0;
  }
  return bytes;
}

}  // namespace

void write_tokenizer_files(DecoderCheckpoint& source, const fs::path& folder) {
  if (!source.metadata().contains("general.architecture")) {
    std::error_code code;
    copy_side_files(fs::is_directory(source.path(), code) ? source.path() : source.path().parent_path(),
                    folder);
    return;
  }
  const auto files = export_gguf_tokenizer(source.metadata(), "reading " + source.path().string());
  if (!files) {
    log_warning("the folder gets no tokenizer: the GGUF file's vocabulary has no form in tokenizer.json");
    return;
  }
  write_file(folder / "tokenizer.json", json_to_text(files->tokenizer, 1) + "\n");
  write_file(folder / "tokenizer_config.json", json_to_text(files->tokenizer_config, 2) + "\n");
}

WrittenModel write_hf_folder(DecoderCheckpoint& source, std::optional<ElementType> type,
                             const std::filesystem::path& out, bool overwrite) {
  check_type(type);
  FolderForm form = choose_form(source.config());
  const auto choose = [type](const StoredRole& role) {
    return type ? *type : (is_quantized(role.source_type) ? ElementType::kF32 : role.source_type);
  };
  const std::vector<TensorToWrite> tensors = to_stored_form(source, form.map, choose);
  OutputFolder folder(out, overwrite);
  if (form.config["model_type"] != "everform") {
    form.config["torch_dtype"] = torch_name(tensors.front().type);
  }
  write_file(folder.path() / "config.json", json_to_text(form.config, 2) + "\n");
  write_safetensors(folder.path() / "model.safetensors", tensors, {{"format", "pt"}});
  write_tokenizer_files(source, folder.path());
  const std::size_t bytes = folder_bytes(folder.path());
  folder.commit();
  return {out, bytes, tensors.size()};
}

}  // namespace everform
