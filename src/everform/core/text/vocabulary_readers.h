// Readers of vocabulary files, one for each format. All throw Error{kBadInput} that names the file and what
// is wrong in it.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "everform/core/text/pipeline_tokenizer.h"

namespace everform::text {

/// The `tokenizer.*` keys of a GGUF file: models "gpt2" (byte-level BPE), "llama" (SentencePiece's BPE by
/// scores) and "bert" (WordPiece).
TokenizerParts read_gguf_vocabulary(const nlohmann::json& metadata, const std::string& where);

}  // namespace everform::text
