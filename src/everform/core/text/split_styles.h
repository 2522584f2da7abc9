// How the published byte-level vocabularies cut a text, by the name that GGUF files give it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/text/pre_tokenizers.h"

namespace everform::text {

/// A named way of cutting: patterns applied one after the other, each to the pieces of the one before.
struct SplitStyle {
  std::vector<std::string> patterns;
  bool ignore_merges = false;  ///< whole pieces first, whatever the merges say
  bool add_bos = false;        ///< where the file doesn't say
  bool add_separator = false;
};

/// The style of a `tokenizer.ggml.pre` value. Throws Error{kBadInput} at `where` for an unknown one, naming
/// the nearest.
SplitStyle split_style(const std::string& name, const std::string& where);
/// Its steps.
std::vector<std::unique_ptr<PreTokenizer>> make_split_steps(const SplitStyle& style,
                                                            const std::string& where);
/// One pattern whose matches and gaps are pieces.
std::unique_ptr<PreTokenizer> make_pattern_split(const std::string& pattern, RegexDialect dialect,
                                                 const std::string& where);

/// Patterns that other readers need by name.
std::string_view gpt2_pattern();
std::string_view llama3_pattern();
std::string_view qwen2_pattern();
std::string_view o200k_pattern();

}  // namespace everform::text
