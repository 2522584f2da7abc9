// A GGUF vocabulary as the files that Hugging Face's tokenizers read.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace everform {

struct HfTokenizerFiles {
  nlohmann::json tokenizer;         ///< tokenizer.json
  nlohmann::json tokenizer_config;  ///< tokenizer_config.json, with the chat template where there is one
};

/// From the keys tokenizer.*: byte-level BPE ("gpt2") whose split is known, and SentencePiece BPE ("llama")
/// with byte fallback. Nothing for other kinds. Throws Error{kBadInput} at `where` for a vocabulary that
/// contradicts itself.
std::optional<HfTokenizerFiles> export_gguf_tokenizer(const nlohmann::json& metadata,
                                                      const std::string& where);

}  // namespace everform
