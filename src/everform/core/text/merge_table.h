// The merges of a byte-pair encoding: which two neighbouring tokens become which one, and in what order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "everform/core/text/tokenizer.h"

namespace everform::text {

/// What two tokens merge into. Lower ranks merge first; of equal ranks the leftmost.
struct Merge {
  std::uint32_t rank = 0;
  TokenId result = 0;
};

/// A flat open-addressing table from pairs of ids to merges.
class MergeTable {
 public:
  static constexpr std::uint32_t kNoRank = 0xffffffffU;

  /// @param expected number of merges, to size the table once
  explicit MergeTable(std::size_t expected = 0);

  /// The first merge of a pair wins; ids are not negative.
  void add(TokenId left, TokenId right, Merge merge);
  /// Call after the last add().
  void finish();

  /// nullptr where the pair does not merge.
  const Merge* find(TokenId left, TokenId right) const {
    const std::uint64_t key = key_of(left, right);
    std::size_t slot = slot_of(key);
    while (slots_[slot].key != key) {
      if (slots_[slot].key == kFree) {
        return nullptr;
      }
      slot = (slot + 1) & mask_;
    }
    return &slots_[slot].merge;
  }

  std::size_t size() const { return used_; }
  /// One more than the largest rank.
  std::uint32_t ranks() const { return ranks_; }
  /// A merge never makes a pair of its own or a lower rank, and no two pairs share a rank: true of every
  /// trained merge list.
  bool ordered() const { return ordered_; }

 private:
  static constexpr std::uint64_t kFree = ~std::uint64_t{0};
  struct Slot {
    std::uint64_t key = kFree;
    Merge merge;
  };

  static std::uint64_t key_of(TokenId left, TokenId right) {
    return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
           static_cast<std::uint32_t>(right);
  }
  std::size_t slot_of(std::uint64_t key) const { return (key * 0x9e3779b97f4a7c15ULL) >> shift_; }
  void resize(std::size_t slots);

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  int shift_ = 0;
  std::size_t used_ = 0;
  std::uint32_t ranks_ = 0;
  bool ordered_ = false;
};

}  // namespace everform::text
