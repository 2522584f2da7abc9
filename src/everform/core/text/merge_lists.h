// Merge tables from what files hold: pairs of pieces in order, or pieces whose rank or score says when they
// may be made.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "everform/core/text/merge_table.h"
#include "everform/core/text/vocabulary.h"

namespace everform::text {

/// Pairs in the order of their ranks. `continuing_prefix` is left out where a right piece joins ("a" + "##b"
/// = "ab"). Throws Error{kBadInput} where a pair or what it makes is not in the vocabulary.
MergeTable merges_from_pairs(const Vocabulary& vocabulary,
                             const std::vector<std::pair<std::string, std::string>>& pairs,
                             const std::string& continuing_prefix = "");

/// Any two pieces whose concatenation is a piece merge into it, the one of the lowest rank first (tiktoken,
/// SentencePiece).
/// @param ranks by id; kNoRank for pieces that no merge makes
/// Throws Error{kBadInput} for pieces so long that trying all their cuts would take minutes.
MergeTable merges_from_ranks(const Vocabulary& vocabulary, const std::vector<std::uint32_t>& ranks);

}  // namespace everform::text
