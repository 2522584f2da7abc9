#include "everform/core/text/merge_lists.h"

#include "everform/core/base/error.h"
#include "everform/core/base/utf8.h"

namespace everform::text {

namespace {

// Sum of the squared lengths of all pieces: what trying every cut costs. The largest published vocabularies
// stay under 50 million.
constexpr std::uint64_t kMostCutBytes = std::uint64_t{1} << 30;

TokenId require(const Vocabulary& vocabulary, const std::string& piece, const std::string& role,
                std::size_t rank) {
  const auto id = vocabulary.find_any(piece);
  if (!id) {
    throw Error(
        ErrorKind::kBadInput, vocabulary.where(),
        "merge " + std::to_string(rank) + " " + role + " \"" + piece + "\", which is not in the vocabulary");
  }
  return *id;
}

}  // namespace

MergeTable merges_from_pairs(const Vocabulary& vocabulary,
                             const std::vector<std::pair<std::string, std::string>>& pairs,
                             const std::string& continuing_prefix) {
  MergeTable table(pairs.size());
  for (std::size_t rank = 0; rank < pairs.size(); ++rank) {
    const auto& [left, right] = pairs[rank];
    const bool prefixed = !continuing_prefix.empty() && right.starts_with(continuing_prefix);
    const TokenId left_id = require(vocabulary, left, "takes", rank);
    const TokenId right_id = require(vocabulary, right, "takes", rank);
    const TokenId result = require(
        vocabulary, left + (prefixed ? right.substr(continuing_prefix.size()) : right), "makes", rank);
    const bool text =
        !vocabulary.hidden(left_id) && !vocabulary.hidden(right_id) && !vocabulary.hidden(result);
    if (text) {
      table.add(left_id, right_id, {static_cast<std::uint32_t>(rank), result});
    }
  }
  table.finish();
  return table;
}

MergeTable merges_from_ranks(const Vocabulary& vocabulary, const std::vector<std::uint32_t>& ranks) {
  std::uint64_t work = 0;
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const std::uint64_t length = vocabulary.piece(static_cast<TokenId>(i)).size();
    work += length * length;
  }
  if (work > kMostCutBytes) {
    throw Error(ErrorKind::kBadInput, vocabulary.where(),
                "the pieces are too long: the squares of their lengths add up to " + std::to_string(work) +
                    " bytes, at most 1073741824 are read");
  }
  MergeTable table(vocabulary.size() * 2);
  for (std::size_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string_view piece = vocabulary.piece(id);
    if (ranks[i] == MergeTable::kNoRank || vocabulary.hidden(id)) {
      continue;
    }
    for (std::size_t cut = 1; cut < piece.size(); ++cut) {
      const auto left = vocabulary.find(piece.substr(0, cut));
      const auto right = left ? vocabulary.find(piece.substr(cut)) : std::nullopt;
      if (right) {
        table.add(*left, *right, {ranks[i], id});
      }
    }
  }
  table.finish();
  return table;
}

}  // namespace everform::text
