// Writes an opened decoder as a GGUF file or as a Hugging Face folder, in another precision where asked.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

#include "everform/core/io/decoder_checkpoint.h"

namespace everform {

struct WrittenModel {
  std::filesystem::path out;
  std::size_t bytes = 0;    ///< of all files
  std::size_t tensors = 0;  ///< as stored
};

/// Writes a GGUF file with llama.cpp's names and keys. Vectors and position tables are float32; the output
/// table (or the embedding, where it is the output too) is Q6_K or Q8_0 in a quantized file; rows that a type
/// does not divide fall back (type_for_rows). The tokenizer's keys are carried over from a GGUF file or made
/// from tokenizer.json.
/// @param type of the weights; nothing keeps each tensor's own
/// Throws kUsage where GGUF has no form for the model.
WrittenModel write_gguf_decoder(DecoderCheckpoint& source, std::optional<ElementType> type,
                                const std::filesystem::path& out);

/// Writes a folder that `transformers` loads: config.json, model.safetensors, and the tokenizer's files,
/// copied or made from a GGUF vocabulary. A model that no family of `transformers` describes is written under
/// Everform's own names and model_type.
/// @param type F32, F16 or BF16; nothing keeps each tensor's own, quantized ones become F32
/// @param overwrite empties the folder where it holds something, else that throws kUsage
WrittenModel write_hf_folder(DecoderCheckpoint& source, std::optional<ElementType> type,
                             const std::filesystem::path& out, bool overwrite);

/// Writes the files of the source's tokenizer into an existing folder: copied from a Hugging Face folder,
/// made from a GGUF vocabulary (with a warning where it has no form in tokenizer.json).
void write_tokenizer_files(DecoderCheckpoint& source, const std::filesystem::path& folder);

}  // namespace everform
