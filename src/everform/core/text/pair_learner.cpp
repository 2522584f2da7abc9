#include "everform/core/text/pair_learner.h"

#include <algorithm>

#include "everform/core/base/interrupt.h"
#include "everform/core/base/progress.h"

namespace everform::text {

std::size_t PairLearner::PairHash::operator()(const Pair& pair) const {
  const auto key = (static_cast<std::uint64_t>(static_cast<std::uint32_t>(pair.first)) << 32) |
                   static_cast<std::uint32_t>(pair.second);
  return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15ULL) >> 16);
}

PairLearner::PairLearner(std::vector<std::string> pieces, std::vector<SymbolWord> words,
                         std::string continuing_prefix)
    : pieces_(std::move(pieces)), words_(std::move(words)), continuing_prefix_(std::move(continuing_prefix)) {
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    ids_.emplace(pieces_[i], static_cast<TokenId>(i));
  }
  for (std::uint32_t index = 0; index < words_.size(); ++index) {
    const SymbolWord& word = words_[index];
    for (std::size_t i = 0; i + 1 < word.symbols.size(); ++i) {
      change({word.symbols[i], word.symbols[i + 1]}, static_cast<std::int64_t>(word.count), index);
    }
  }
  for (const auto& [pair, occurrences] : pairs_) {
    heap_.push_back({occurrences.count, pair});
  }
  std::make_heap(heap_.begin(), heap_.end(),
                 [this](const Candidate& a, const Candidate& b) { return worse(a, b); });
}

bool PairLearner::worse(const Candidate& a, const Candidate& b) const {
  if (a.count != b.count) {
    return a.count < b.count;
  }
  const auto piece = [this](TokenId id) -> const std::string& {
    return pieces_[static_cast<std::size_t>(id)];
  };
  const int left = piece(a.pair.first).compare(piece(b.pair.first));
  return left != 0 ? left < 0 : piece(a.pair.second) < piece(b.pair.second);
}

void PairLearner::change(const Pair& pair, std::int64_t by, std::uint32_t word) {
  Occurrences& occurrences = pairs_[pair];
  occurrences.count += by;
  if (by > 0 && (occurrences.words.empty() || occurrences.words.back() != word)) {
    occurrences.words.push_back(word);
  }
}

void PairLearner::push(const Pair& pair) {
  const auto found = pairs_.find(pair);
  if (found == pairs_.end()) {
    return;
  }
  if (found->second.count <= 0) {
    pairs_.erase(found);
    return;
  }
  heap_.push_back({found->second.count, pair});
  std::push_heap(heap_.begin(), heap_.end(),
                 [this](const Candidate& a, const Candidate& b) { return worse(a, b); });
}

TokenId PairLearner::piece_of(const Pair& pair) {
  std::string_view right = pieces_[static_cast<std::size_t>(pair.second)];
  if (!continuing_prefix_.empty() && right.starts_with(continuing_prefix_)) {
    right.remove_prefix(continuing_prefix_.size());
  }
  std::string joined = pieces_[static_cast<std::size_t>(pair.first)] + std::string(right);
  const auto [entry, added] = ids_.emplace(joined, static_cast<TokenId>(pieces_.size()));
  if (added) {
    pieces_.push_back(std::move(joined));
  }
  return entry->second;
}

// Replaces the pair from left to right; every pair that a replacement touches loses and gains its word's
// count.
void PairLearner::merge_in_word(std::uint32_t index, const Pair& pair, TokenId result,
                                std::vector<Pair>& changed) {
  SymbolWord& word = words_[index];
  std::vector<TokenId>& symbols = word.symbols;
  const bool present = [&] {
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      if (symbols[i] == pair.first && symbols[i + 1] == pair.second) {
        return true;
      }
    }
    return false;
  }();
  if (!present) {
    return;
  }
  const auto count = static_cast<std::int64_t>(word.count);
  const auto change_all = [&](std::int64_t by) {
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      change({symbols[i], symbols[i + 1]}, by, index);
      changed.emplace_back(symbols[i], symbols[i + 1]);
    }
  };
  change_all(-count);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    const bool here = i + 1 < symbols.size() && symbols[i] == pair.first && symbols[i + 1] == pair.second;
    symbols[kept++] = here ? result : symbols[i];
    i += here ? 1 : 0;
  }
  symbols.resize(kept);
  change_all(count);
}

void PairLearner::merge(const Pair& pair) {
  const TokenId result = piece_of(pair);
  merges_.push_back(pair);
  std::vector<std::uint32_t> words = std::move(pairs_[pair].words);
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  std::vector<Pair> changed;
  for (const std::uint32_t word : words) {
    merge_in_word(word, pair, result, changed);
  }
  pairs_.erase(pair);
  std::sort(changed.begin(), changed.end());
  changed.erase(std::unique(changed.begin(), changed.end()), changed.end());
  for (const Pair& one : changed) {
    push(one);
  }
}

void PairLearner::learn(std::size_t limit, std::uint64_t min_count) {
  Progress progress("learning merges", static_cast<std::int64_t>(limit),
                    static_cast<std::int64_t>(pieces_.size()));
  const auto order = [this](const Candidate& a, const Candidate& b) { return worse(a, b); };
  while (pieces_.size() < limit && !heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), order);
    const Candidate best = heap_.back();
    heap_.pop_back();
    const auto found = pairs_.find(best.pair);
    if (found == pairs_.end() || found->second.count != best.count) {
      continue;  // counted anew since it was pushed, and pushed again then
    }
    if (best.count < static_cast<std::int64_t>(std::max<std::uint64_t>(min_count, 1))) {
      break;
    }
    throw_if_interrupted("training a tokenizer");
    merge(best.pair);
    progress.update(static_cast<std::int64_t>(pieces_.size()));
  }
}

}  // namespace everform::text
