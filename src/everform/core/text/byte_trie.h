// A trie over bytes in one flat table: finds every key that begins at a place of a text.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace everform::text {

class ByteTrie {
 public:
  ByteTrie();

  /// Keys are not empty; the last value of equal keys stays. Values are not negative.
  void add(std::string_view key, std::int32_t value);
  bool empty() const { return values_.size() == 1; }
  /// Bytes of the longest key.
  std::size_t longest() const { return longest_; }
  /// Whether some key begins with this byte.
  bool begins(unsigned char byte) const { return first_[byte] != 0; }

  /// Calls visit(length, value) for each key that text.substr(at) begins with, shortest first.
  template <typename Visit>
  void each_prefix(std::string_view text, std::size_t at, Visit visit) const {
    std::uint32_t node = at < text.size() ? first_[static_cast<unsigned char>(text[at])] : 0;
    for (std::size_t end = at + 1; node != 0; ++end) {
      if (values_[node] >= 0) {
        visit(end - at, values_[node]);
      }
      node = end < text.size() ? child(node, static_cast<unsigned char>(text[end])) : 0;
    }
  }

 private:
  struct Slot {
    std::uint64_t key = 0;  ///< (node << 8 | byte) + 1; 0 is free
    std::uint32_t child = 0;
  };

  std::size_t slot_of(std::uint64_t key) const { return (key * 0x9e3779b97f4a7c15ULL) >> shift_; }
  std::uint32_t child(std::uint32_t node, unsigned char byte) const {
    const std::uint64_t key = ((static_cast<std::uint64_t>(node) << 8) | byte) + 1;
    for (std::size_t slot = slot_of(key); slots_[slot].key != 0; slot = (slot + 1) & (slots_.size() - 1)) {
      if (slots_[slot].key == key) {
        return slots_[slot].child;
      }
    }
    return 0;
  }
  std::uint32_t child_or_new(std::uint32_t node, unsigned char byte);
  void resize(std::size_t slots);
  void insert(const Slot& slot);

  std::array<std::uint32_t, 256> first_{};
  std::vector<std::int32_t> values_;  ///< by node, -1 for none; node 0 is the root
  std::vector<Slot> slots_;
  int shift_ = 0;
  std::size_t used_ = 0;
  std::size_t longest_ = 0;
};

}  // namespace everform::text
