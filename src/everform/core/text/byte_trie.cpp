#include "everform/core/text/byte_trie.h"

#include <algorithm>
#include <bit>

namespace everform::text {

namespace {
constexpr std::size_t kFirstSlots = 64;
}

ByteTrie::ByteTrie() : values_(1, -1) {
  resize(kFirstSlots);
}

void ByteTrie::insert(const Slot& slot) {
  std::size_t at = slot_of(slot.key);
  while (slots_[at].key != 0) {
    at = (at + 1) & (slots_.size() - 1);
  }
  slots_[at] = slot;
}

void ByteTrie::resize(std::size_t slots) {
  std::vector<Slot> old(slots);
  old.swap(slots_);
  shift_ = 64 - std::countr_zero(slots);
  for (const Slot& slot : old) {
    if (slot.key != 0) {
      insert(slot);
    }
  }
}

std::uint32_t ByteTrie::child_or_new(std::uint32_t node, unsigned char byte) {
  const std::uint32_t known = node == 0 ? first_[byte] : child(node, byte);
  if (known != 0) {
    return known;
  }
  const auto added = static_cast<std::uint32_t>(values_.size());
  values_.push_back(-1);
  if (node == 0) {
    first_[byte] = added;
    return added;
  }
  if (++used_ * 2 > slots_.size()) {
    resize(slots_.size() * 2);
  }
  insert({((static_cast<std::uint64_t>(node) << 8) | byte) + 1, added});
  return added;
}

void ByteTrie::add(std::string_view key, std::int32_t value) {
  std::uint32_t node = 0;
  for (const char byte : key) {
    node = child_or_new(node, static_cast<unsigned char>(byte));
  }
  values_[node] = value;
  longest_ = std::max(longest_, key.size());
}

}  // namespace everform::text
