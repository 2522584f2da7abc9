// Hand-written matchers of the split patterns that most byte-level vocabularies use. Each gives exactly the
// pieces of its pattern under `Regex` (tests hold them equal on random Unicode), several times faster.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace everform::text {

enum class SplitKernel {
  kGpt2,        ///< GPT-2's pattern
  kGpt2Digits,  ///< every number character alone first (StarCoder, SmolLM), then GPT-2's pattern between them
  kLlama3,  ///< cl100k's and Llama 3's: up to three digits, any one leading character, line breaks together
  kQwen2    ///< Llama 3's with single digits
};

/// The kernel of a pattern, nothing where it has none.
std::optional<SplitKernel> kernel_of_pattern(std::string_view pattern);
/// The pattern that a kernel stands for (for kGpt2Digits: the part after the digits).
std::string_view pattern_of_kernel(SplitKernel kernel);

/// Appends the end of each piece of `text` plus `base`; the pieces follow each other without gaps.
/// text.size() + base fits 32 bits.
void split_by_kernel(SplitKernel kernel, std::string_view text, std::uint32_t base,
                     std::vector<std::uint32_t>& ends);

}  // namespace everform::text
