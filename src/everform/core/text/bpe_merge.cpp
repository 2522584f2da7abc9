#include "everform/core/text/bpe_merge.h"

#include <algorithm>
#include <functional>

namespace everform::text {

namespace {

constexpr std::size_t kLongestScan = 48;
constexpr std::uint32_t kNone = 0xffffffffU;

// Symbols of one id all have that id's length and follow each other without gaps: what runs need.
bool is_regular(std::span<const TokenSpan> symbols, const std::vector<std::uint32_t>& lengths) {
  std::uint32_t at = symbols.front().begin;
  for (const TokenSpan& symbol : symbols) {
    if (symbol.begin != at || symbol.end - symbol.begin != lengths[static_cast<std::size_t>(symbol.id)]) {
      return false;
    }
    at = symbol.end;
  }
  return true;
}

}  // namespace

std::size_t MergeScratch::merge(const MergeTable& table, const std::vector<std::uint32_t>& token_lengths,
                                std::span<TokenSpan> symbols) {
  if (symbols.size() <= kLongestScan) {
    return merge_by_scan(table, symbols);
  }
  if (table.ordered() && is_regular(symbols, token_lengths)) {
    return merge_by_runs(table, token_lengths, symbols);
  }
  return merge_by_heap(table, symbols);
}

std::size_t MergeScratch::merge_by_scan(const MergeTable& table, std::span<TokenSpan> symbols) {
  std::size_t count = symbols.size();
  pair_merges_.resize(std::max(pair_merges_.size(), count));
  const auto merges = std::span(pair_merges_);
  for (std::size_t i = 0; i + 1 < count; ++i) {
    merges[i] = table.find(symbols[i].id, symbols[i + 1].id);
  }
  while (count > 1) {
    std::size_t best = count;
    std::uint32_t best_rank = MergeTable::kNoRank;
    for (std::size_t i = 0; i + 1 < count; ++i) {
      if (merges[i] != nullptr && merges[i]->rank < best_rank) {
        best = i;
        best_rank = merges[i]->rank;
      }
    }
    if (best == count) {
      break;
    }
    symbols[best].id = merges[best]->result;
    symbols[best].end = symbols[best + 1].end;
    --count;
    for (std::size_t i = best + 1; i < count; ++i) {
      symbols[i] = symbols[i + 1];
      merges[i - 1] = merges[i];
    }
    if (best > 0) {
      merges[best - 1] = table.find(symbols[best - 1].id, symbols[best].id);
    }
    if (best + 1 < count) {
      merges[best] = table.find(symbols[best].id, symbols[best + 1].id);
    }
  }
  return count;
}

std::size_t MergeScratch::merge_by_heap(const MergeTable& table, std::span<TokenSpan> symbols) {
  const auto count = static_cast<std::uint32_t>(symbols.size());
  previous_.resize(count);
  next_.resize(count);
  heap_.clear();
  const auto key = [](std::uint32_t rank, std::uint32_t at) {
    return (static_cast<std::uint64_t>(rank) << 32) | at;
  };
  const auto offer = [&](std::uint32_t left, std::uint32_t right) {
    if (const Merge* merge = table.find(symbols[left].id, symbols[right].id)) {
      heap_.push_back(key(merge->rank, left));
      return true;
    }
    return false;
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    previous_[i] = i == 0 ? kNone : i - 1;
    next_[i] = i + 1 < count ? i + 1 : kNone;
    if (i + 1 < count) {
      offer(i, i + 1);
    }
  }
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
  const auto push = [&](std::uint32_t left, std::uint32_t right) {
    if (left != kNone && right != kNone && offer(left, right)) {
      std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
    }
  };
  while (!heap_.empty()) {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    const auto left = static_cast<std::uint32_t>(heap_.back());
    const auto rank = static_cast<std::uint32_t>(heap_.back() >> 32);
    heap_.pop_back();
    const std::uint32_t right = next_[left];
    if (symbols[left].id < 0 || right == kNone) {
      continue;  // merged away since it was offered
    }
    const Merge* merge = table.find(symbols[left].id, symbols[right].id);
    if (merge == nullptr || merge->rank != rank) {
      continue;
    }
    symbols[left].id = merge->result;
    symbols[left].end = symbols[right].end;
    symbols[right].id = -1;
    next_[left] = next_[right];
    if (next_[left] != kNone) {
      previous_[next_[left]] = left;
    }
    push(previous_[left], left);
    push(left, next_[left]);
  }
  const auto kept =
      std::remove_if(symbols.begin(), symbols.end(), [](const TokenSpan& symbol) { return symbol.id < 0; });
  return static_cast<std::size_t>(kept - symbols.begin());
}

// Runs: neighbours always differ, so within one rank no two merges compete except inside a run of equal
// symbols, where the leftmost pairs first leaves at most one symbol at the right end. The table is ordered,
// so nothing new can come before the rank at hand.
std::size_t MergeScratch::merge_by_runs(const MergeTable& table,
                                        const std::vector<std::uint32_t>& token_lengths,
                                        std::span<TokenSpan> symbols) {
  start_runs(table, symbols);
  while (!rank_heap_.empty()) {
    std::pop_heap(rank_heap_.begin(), rank_heap_.end(), std::greater<>());
    const std::uint32_t rank = rank_heap_.back();
    rank_heap_.pop_back();
    std::uint32_t entry = first_waiting_[rank];
    first_waiting_[rank] = kNone;
    for (; entry != kNone; entry = waiting_[entry].next) {
      const std::uint32_t run = waiting_[entry].run;
      if (runs_[run].count == 0) {
        continue;
      }
      const std::uint32_t next = runs_[run].next;
      if (const Merge* inside = runs_[run].count > 1 ? table.find(runs_[run].id, runs_[run].id) : nullptr;
          inside != nullptr && inside->rank == rank) {
        merge_inside(table, run, inside->result);
      } else if (const Merge* border = next != kNone ? table.find(runs_[run].id, runs_[next].id) : nullptr;
                 border != nullptr && border->rank == rank) {
        merge_border(table, run, border->result);
      }
    }
  }
  // The first run stays the first: merges only ever fold into the left one.
  std::size_t count = 0;
  std::uint32_t at = symbols.front().begin;
  for (std::uint32_t run = 0; run != kNone; run = runs_[run].next) {
    const std::uint32_t length = token_lengths[static_cast<std::size_t>(runs_[run].id)];
    for (std::uint32_t i = 0; i < runs_[run].count; ++i, at += length) {
      symbols[count++] = {runs_[run].id, at, at + length};
    }
  }
  return count;
}

void MergeScratch::start_runs(const MergeTable& table, std::span<const TokenSpan> symbols) {
  runs_.clear();
  waiting_.clear();
  rank_heap_.clear();
  first_waiting_.resize(table.ranks(), kNone);  // all kNone again after every call
  for (std::size_t i = 0; i < symbols.size();) {
    std::size_t end = i + 1;
    while (end < symbols.size() && symbols[end].id == symbols[i].id) {
      ++end;
    }
    const auto index = static_cast<std::uint32_t>(runs_.size());
    runs_.push_back({symbols[i].id, static_cast<std::uint32_t>(end - i), index == 0 ? kNone : index - 1,
                     end < symbols.size() ? index + 1 : kNone});
    i = end;
  }
  for (std::uint32_t run = 0; run < runs_.size(); ++run) {
    wait(table, run);
  }
}

void MergeScratch::push_rank(std::uint32_t rank, std::uint32_t run) {
  if (first_waiting_[rank] == kNone) {
    rank_heap_.push_back(rank);
    std::push_heap(rank_heap_.begin(), rank_heap_.end(), std::greater<>());
  }
  waiting_.push_back({run, first_waiting_[rank]});
  first_waiting_[rank] = static_cast<std::uint32_t>(waiting_.size() - 1);
}

// Offers the pairs that begin in `run`: two of its own symbols, and its last with the first of the next run.
void MergeScratch::wait(const MergeTable& table, std::uint32_t run) {
  if (runs_[run].count > 1) {
    if (const Merge* inside = table.find(runs_[run].id, runs_[run].id)) {
      push_rank(inside->rank, run);
    }
  }
  if (runs_[run].next != kNone) {
    if (const Merge* border = table.find(runs_[run].id, runs_[runs_[run].next].id)) {
      push_rank(border->rank, run);
    }
  }
}

std::uint32_t MergeScratch::insert_after(std::uint32_t run, TokenId id, std::uint32_t count) {
  const auto added = static_cast<std::uint32_t>(runs_.size());
  runs_.push_back({id, count, run, runs_[run].next});
  if (runs_[run].next != kNone) {
    runs_[runs_[run].next].previous = added;
  }
  runs_[run].next = added;
  return added;
}

void MergeScratch::unlink(std::uint32_t run) {
  const Run gone = runs_[run];
  runs_[run].count = 0;
  runs_[gone.previous].next = gone.next;  // the first run is never unlinked
  if (gone.next != kNone) {
    runs_[gone.next].previous = gone.previous;
  }
}

// Restores "neighbours differ" around a run that has just changed; returns the run that now holds it.
std::uint32_t MergeScratch::join_neighbours(std::uint32_t run) {
  if (const std::uint32_t next = runs_[run].next; next != kNone && runs_[next].id == runs_[run].id) {
    runs_[run].count += runs_[next].count;
    unlink(next);
  }
  if (const std::uint32_t previous = runs_[run].previous;
      previous != kNone && runs_[previous].id == runs_[run].id) {
    runs_[previous].count += runs_[run].count;
    unlink(run);
    return previous;
  }
  return run;
}

void MergeScratch::merge_inside(const MergeTable& table, std::uint32_t run, TokenId result) {
  const TokenId old = runs_[run].id;
  const bool odd = runs_[run].count % 2 != 0;
  runs_[run].id = result;
  runs_[run].count /= 2;
  if (odd) {
    wait(table, insert_after(run, old, 1));
  }
  run = join_neighbours(run);
  if (runs_[run].previous != kNone) {
    wait(table, runs_[run].previous);
  }
  wait(table, run);
}

void MergeScratch::merge_border(const MergeTable& table, std::uint32_t run, TokenId result) {
  const std::uint32_t next = runs_[run].next;
  --runs_[run].count;
  --runs_[next].count;
  std::uint32_t merged = run;
  if (runs_[run].count == 0) {
    runs_[run].id = result;
    runs_[run].count = 1;
    if (runs_[next].count == 0) {
      unlink(next);
    }
  } else if (runs_[next].count == 0) {
    merged = next;
    runs_[next].id = result;
    runs_[next].count = 1;
  } else {
    merged = insert_after(run, result, 1);
  }
  merged = join_neighbours(merged);
  if (runs_[merged].previous != kNone) {
    wait(table, runs_[merged].previous);
  }
  wait(table, merged);
}

}  // namespace everform::text
