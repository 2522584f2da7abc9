// Readers of vocabulary files, one for each format. All throw Error{kBadInput} that names the file and what
// is wrong in it.
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "everform/core/text/pipeline_tokenizer.h"
#include "everform/core/text/tokenizer_settings.h"

namespace everform::text {

/// The `tokenizer.*` keys of a GGUF file: models "gpt2" (byte-level BPE), "llama" (SentencePiece's BPE by
/// scores) and "bert" (WordPiece).
TokenizerParts read_gguf_vocabulary(const nlohmann::json& metadata, const std::string& where);

/// tokenizer.json of Hugging Face's tokenizers.
TokenizerParts read_tokenizer_json(const nlohmann::json& json, const std::string& where);

/// encoder.json and vocab.bpe (GPT-2), or vocab.json and merges.txt: ids by piece, and a merge a line.
/// @param merges text of the merges file
TokenizerParts read_piece_files(const nlohmann::json& encoder, std::string_view merges,
                                const TokenizerSettings& settings, const std::string& where);

/// A tiktoken rank file: base64 token, rank, a line each. The split pattern is not in the file: it is known
/// by the number of ranks of the published vocabularies (GPT-2 and Whisper, cl100k, o200k, Llama 3, Qwen);
/// other numbers are refused.
TokenizerParts read_tiktoken_ranks(std::string_view text, const std::string& where);

/// CLIP's merges: a header, then a merge a line; the first 48,894 make the vocabulary of 49,408.
TokenizerParts read_clip_merges(std::string_view text, const std::string& where);

/// vocab.txt of BERT: a piece a line.
TokenizerParts read_wordpiece_list(std::string_view text, const TokenizerSettings& settings,
                                   const std::string& where);

/// A SentencePiece model, run by SentencePiece's own library.
std::shared_ptr<Tokenizer> read_sentencepiece_model(const std::string& bytes,
                                                    const TokenizerSettings& settings,
                                                    const std::string& where);

}  // namespace everform::text
