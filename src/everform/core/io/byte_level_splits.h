// How byte-level BPE vocabularies cut text before merging: the name that GGUF has for it, and
// tokenizer.json's pre_tokenizer.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace everform {

struct ByteLevelSplit {
  std::vector<std::string> gguf_names;  ///< values of tokenizer.ggml.pre; the first is written
  nlohmann::json pre_tokenizer;
  nlohmann::json normalizer;   ///< null for most
  bool ignore_merges = false;  ///< a word that is a token as a whole stays one
  bool add_bos = false;        ///< what llama.cpp does where the file has no tokenizer.ggml.add_bos_token
};

/// nullptr where the name is not known.
const ByteLevelSplit* find_split(std::string_view gguf_name);
/// The split that a tokenizer.json uses, nullptr where it is none of the known ones.
const ByteLevelSplit* recognise_split(const nlohmann::json& pre_tokenizer);

}  // namespace everform
