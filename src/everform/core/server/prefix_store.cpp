#include "everform/core/server/prefix_store.h"

#include <algorithm>
#include <utility>

namespace everform::server {

std::size_t shared_prefix(std::span<const TokenId> a, std::span<const TokenId> b) {
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
}

void PrefixStore::keep(ReadSequence sequence) {
  if (sequence.tokens.size() < kShortest) {
    return;
  }
  // What begins the new one is held by it.
  for (auto old = kept_.begin(); old != kept_.end();) {
    const bool covered = old->tokens.size() <= sequence.tokens.size() &&
                         shared_prefix(old->tokens, sequence.tokens) == old->tokens.size();
    if (covered) {
      tokens_ -= old->tokens.size();
      old = kept_.erase(old);
    } else {
      ++old;
    }
  }
  tokens_ += sequence.tokens.size();
  kept_.push_front(std::move(sequence));
}

std::size_t PrefixStore::longest(std::span<const TokenId> tokens) const {
  std::size_t best = 0;
  for (const ReadSequence& kept : kept_) {
    best = std::max(best, shared_prefix(kept.tokens, tokens));
  }
  return best < kShortest ? 0 : best;
}

std::unique_ptr<SequenceState> PrefixStore::take(std::span<const TokenId> tokens, std::size_t length,
                                                 bool may_copy) {
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const ReadSequence& kept) {
    return shared_prefix(kept.tokens, tokens) >= length;
  });
  std::unique_ptr<SequenceState> state;
  if (may_copy && found->tokens.size() > length) {
    state = found->state->clone();
    kept_.splice(kept_.begin(), kept_, found);
  } else {
    state = std::move(found->state);
    tokens_ -= found->tokens.size();
    kept_.erase(found);
  }
  state->truncate(length);
  return state;
}

bool PrefixStore::evict() {
  if (kept_.empty()) {
    return false;
  }
  tokens_ -= kept_.back().tokens.size();
  kept_.pop_back();
  return true;
}

}  // namespace everform::server
