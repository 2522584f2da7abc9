// Sequences that were read once and may begin the next prompt.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <span>
#include <vector>

#include "everform/core/decoding/step_model.h"

namespace everform::server {

/// A sequence with the tokens that it has seen.
struct ReadSequence {
  std::unique_ptr<SequenceState> state;
  std::vector<TokenId> tokens;
};

/// How many tokens two texts have in common at their beginning.
std::size_t shared_prefix(std::span<const TokenId> a, std::span<const TokenId> b);

/// Finished sequences, the least recently used given up first. Owned by the engine's thread.
class PrefixStore {
 public:
  /// Shorter beginnings are not worth a copy.
  static constexpr std::size_t kShortest = 16;

  void keep(ReadSequence sequence);
  /// Length of the longest beginning of `tokens` that a kept sequence has seen; 0 below kShortest.
  std::size_t longest(std::span<const TokenId> tokens) const;
  /// A sequence that has seen exactly the first `length` tokens of `tokens`, for a length that longest()
  /// gave. The kept one is copied where it goes on differently and `may_copy`, else taken.
  std::unique_ptr<SequenceState> take(std::span<const TokenId> tokens, std::size_t length, bool may_copy);
  /// Gives the least recently used one up. @return false where there is none
  bool evict();
  std::size_t tokens() const { return tokens_; }
  std::size_t size() const { return kept_.size(); }

 private:
  std::list<ReadSequence> kept_;  ///< the most recently used first
  std::size_t tokens_ = 0;
};

}  // namespace everform::server
