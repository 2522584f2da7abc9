#include "everform/core/text/merge_table.h"

#include <algorithm>
#include <bit>

namespace everform::text {

MergeTable::MergeTable(std::size_t expected) {
  resize(std::bit_ceil(std::max<std::size_t>(expected * 2, 16)));
}

void MergeTable::resize(std::size_t slots) {
  std::vector<Slot> old(slots);
  old.swap(slots_);
  mask_ = slots - 1;
  shift_ = 64 - std::countr_zero(slots);
  for (const Slot& slot : old) {
    if (slot.key != kFree) {
      std::size_t at = slot_of(slot.key);
      while (slots_[at].key != kFree) {
        at = (at + 1) & mask_;
      }
      slots_[at] = slot;
    }
  }
}

void MergeTable::add(TokenId left, TokenId right, Merge merge) {
  if ((used_ + 1) * 2 > slots_.size()) {
    resize(slots_.size() * 2);
  }
  const std::uint64_t key = key_of(left, right);
  std::size_t at = slot_of(key);
  while (slots_[at].key != kFree) {
    if (slots_[at].key == key) {
      return;
    }
    at = (at + 1) & mask_;
  }
  slots_[at] = {key, merge};
  ++used_;
  ranks_ = std::max(ranks_, merge.rank + 1);
}

void MergeTable::finish() {
  std::vector<bool> rank_taken(ranks_, false);
  std::vector<std::uint32_t> first_use;  // by token: the lowest rank of a pair with it
  const auto use = [&](TokenId id, std::uint32_t rank) {
    const auto index = static_cast<std::size_t>(id);
    if (index >= first_use.size()) {
      first_use.resize(index + 1, kNoRank);
    }
    first_use[index] = std::min(first_use[index], rank);
  };
  ordered_ = true;
  for (const Slot& slot : slots_) {
    if (slot.key == kFree) {
      continue;
    }
    ordered_ = ordered_ && !rank_taken[slot.merge.rank];
    rank_taken[slot.merge.rank] = true;
    use(static_cast<TokenId>(slot.key >> 32), slot.merge.rank);
    use(static_cast<TokenId>(slot.key & 0xffffffffU), slot.merge.rank);
  }
  for (const Slot& slot : slots_) {
    const auto result = static_cast<std::size_t>(slot.merge.result);
    if (slot.key != kFree && result < first_use.size() && first_use[result] <= slot.merge.rank) {
      ordered_ = false;
    }
  }
}

}  // namespace everform::text
