// Hugging Face's tokenizer files as GGUF keys.
#pragma once

#include <filesystem>

#include "everform/core/io/gguf_keys.h"
#include "everform/core/recipes/transformer_config.h"

namespace everform {

/// Adds the keys tokenizer.* for the tokenizer.json of a folder: byte-level BPE whose split has a name in
/// GGUF. Ids beyond the tokenizer's up to the model's vocabulary are filled with unused tokens. Returns why
/// not where the folder has no such tokenizer, empty when it was done; then the keys say that the file has
/// none. Throws Error{kBadInput} for files that contradict themselves.
std::string import_hf_tokenizer(const std::filesystem::path& folder, const TransformerConfig& config,
                                GgufKeys& keys);

}  // namespace everform
