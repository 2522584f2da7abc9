// Learning a unigram vocabulary (Kudo, ACL 2018): all frequent substrings to begin with,
// expectation-maximisation, pruning by loss.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "everform/core/text/word_counts.h"

namespace everform::text {

struct ScoredPiece {
  std::string piece;
  double score = 0.0;  ///< log-probability
};

struct UnigramTraining {
  std::size_t pieces = 8000;           ///< wanted; all characters of the words are always among them
  std::size_t longest_piece = 16;      ///< in characters
  std::size_t most_seeds = 1'000'000;  ///< substrings to begin with
  double keep = 0.75;                  ///< share of the pieces that survives one pruning
  int rounds = 2;                      ///< of expectation-maximisation before each pruning
};

/// Pieces by falling score. The same words give the same pieces, bit for bit.
/// Throws Error{kUsage} where there are more characters than wanted pieces, Error{kInterrupted} on Ctrl-C.
std::vector<ScoredPiece> learn_unigram(const std::vector<WordCount>& words, const UnigramTraining& options);

}  // namespace everform::text
