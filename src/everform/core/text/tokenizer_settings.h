// What stands beside a vocabulary: tokenizer_config.json, special_tokens_map.json and chat_template.jinja of
// a Hugging Face folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace everform::text {

struct TokenizerSettings {
  std::optional<std::string> bos;
  std::optional<std::string> eos;
  std::optional<std::string> cls;
  std::optional<std::string> sep;
  std::optional<std::string> unknown;
  std::optional<std::string> chat_template;
  std::optional<std::string> tokenizer_class;
  std::optional<bool> add_bos;
  std::optional<bool> add_eos;
  std::optional<bool> lowercase;
};

/// Reads what there is in `folder`; absent files leave everything empty. Throws Error{kBadInput} for broken
/// ones.
TokenizerSettings read_tokenizer_settings(const std::filesystem::path& folder);

}  // namespace everform::text
