// The distinct words of a text and how often each occurs: what vocabularies are learned from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "everform/core/text/normalizers.h"
#include "everform/core/text/pre_tokenizers.h"

namespace everform::text {

struct WordCount {
  std::string word;
  std::uint64_t count = 0;
};

/// Cuts `text` at the special tokens (which go), normalizes and cuts each part, and counts the pieces. Most
/// frequent first, equally frequent ones in byte order.
std::vector<WordCount> count_words(std::string_view text, const std::vector<std::string>& specials,
                                   const Normalizer* normalizer,
                                   const std::vector<std::unique_ptr<PreTokenizer>>& steps);

}  // namespace everform::text
