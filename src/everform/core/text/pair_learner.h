// Learning merges: the most frequent pair of neighbours becomes one piece, again and again.
#pragma once

#include <cstdint>
#include <queue>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "everform/core/text/tokenizer.h"

namespace everform::text {

/// A word as the symbols it is made of.
struct SymbolWord {
  std::vector<TokenId> symbols;
  std::uint64_t count = 0;
};

/// Of equally frequent pairs the one whose pieces are lexicographically greatest (bytes, left one first) is
/// merged. Counts are kept up to date by visiting only the words that hold the merged pair, so a merge costs
/// its occurrences.
class PairLearner {
 public:
  /// @param pieces the symbols that `words` are made of; learned ones are appended
  /// @param continuing_prefix of pieces inside a word ("##"): left out of the right part when two pieces join
  PairLearner(std::vector<std::string> pieces, std::vector<SymbolWord> words, std::string continuing_prefix);

  /// Merges until there are `limit` pieces or no pair occurs `min_count` times. Throws Error{kInterrupted} on
  /// Ctrl-C.
  void learn(std::size_t limit, std::uint64_t min_count);

  const std::vector<std::string>& pieces() const { return pieces_; }
  /// Pairs of piece indices in the order of learning. Two pairs may make the same piece.
  const std::vector<std::pair<TokenId, TokenId>>& merges() const { return merges_; }

 private:
  using Pair = std::pair<TokenId, TokenId>;
  struct PairHash {
    std::size_t operator()(const Pair& pair) const;
  };
  struct Occurrences {
    std::int64_t count = 0;
    std::vector<std::uint32_t> words;  ///< may hold words that have lost the pair
  };
  struct Candidate {
    std::int64_t count = 0;
    Pair pair;
  };

  bool worse(const Candidate& a, const Candidate& b) const;
  void change(const Pair& pair, std::int64_t by, std::uint32_t word);
  void push(const Pair& pair);
  void merge(const Pair& pair);
  void merge_in_word(std::uint32_t index, const Pair& pair, TokenId result, std::vector<Pair>& changed);
  TokenId piece_of(const Pair& pair);

  std::vector<std::string> pieces_;
  std::unordered_map<std::string, TokenId> ids_;
  std::vector<SymbolWord> words_;
  std::string continuing_prefix_;
  std::vector<Pair> merges_;
  std::unordered_map<Pair, Occurrences, PairHash> pairs_;
  std::vector<Candidate> heap_;  ///< counts may be out of date
};

}  // namespace everform::text
