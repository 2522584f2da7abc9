#include "everform/core/text/vocabulary.h"

#include <algorithm>
#include <cstring>

#include "everform/core/base/error.h"

namespace everform::text {

namespace {

constexpr std::size_t kFirstSlots = 1024;
constexpr std::size_t kLargestId = 16'000'000;
constexpr std::size_t kFreeHoles = std::size_t{1} << 16;
constexpr std::size_t kHolesPerPiece = 4;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::uint64_t hash_bytes(std::string_view bytes) {
  constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15ULL;
  std::uint64_t hash = bytes.size() * 0xa0761d6478bd642fULL;
  const char* data = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; left -= 8, data += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, data, 8);
    hash = mix(hash ^ word, kMultiplier);
  }
  std::uint64_t word = 0;
  if (left > 0) {
    std::memcpy(&word, data, left);
  }
  return mix(hash ^ word, kMultiplier) ^ (hash >> 31);
}

TokenId Vocabulary::largest_id(std::size_t pieces) {
  return static_cast<TokenId>(
      std::min(kLargestId, kFreeHoles + kHolesPerPiece * std::min(pieces, kLargestId)));
}

Vocabulary::Vocabulary(std::string where, std::size_t pieces)
    : where_(std::move(where)), largest_id_(largest_id(pieces)), slots_(kFirstSlots, -1) {}

std::string_view Vocabulary::piece(TokenId id) const {
  if (!has(id)) {
    return {};
  }
  const Entry& entry = entries_[static_cast<std::size_t>(id)];
  return std::string_view(bytes_).substr(entry.begin, entry.length);
}

std::size_t Vocabulary::slot_of(std::string_view piece) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = hash_bytes(piece) & mask;
  while (slots_[slot] >= 0 && this->piece(slots_[slot]) != piece) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

std::optional<TokenId> Vocabulary::find_any(std::string_view piece) const {
  const TokenId id = slots_[slot_of(piece)];
  return id >= 0 ? std::optional(id) : std::nullopt;
}

std::optional<TokenId> Vocabulary::find(std::string_view piece) const {
  const auto id = find_any(piece);
  return id && !hidden(*id) ? id : std::nullopt;
}

void Vocabulary::hide(TokenId id) {
  if (has(id)) {
    entries_[static_cast<std::size_t>(id)].hidden = true;
  }
}

void Vocabulary::grow() {
  std::vector<TokenId> old(slots_.size() * 2, -1);
  old.swap(slots_);
  for (const TokenId id : old) {
    if (id >= 0) {
      slots_[slot_of(piece(id))] = id;
    }
  }
}

void Vocabulary::store(TokenId id, std::string_view piece) {
  if (id < 0 || id > largest_id_) {
    throw Error(ErrorKind::kBadInput, where_,
                "the piece \"" + std::string(piece) + "\" has id " + std::to_string(id) +
                    ", not one from 0 to " + std::to_string(largest_id_));
  }
  if (has(id)) {
    throw Error(ErrorKind::kBadInput, where_,
                "id " + std::to_string(id) + " is given to \"" + std::string(this->piece(id)) +
                    "\" and to \"" + std::string(piece) + "\"");
  }
  if (static_cast<std::size_t>(id) >= entries_.size()) {
    entries_.resize(static_cast<std::size_t>(id) + 1);
  }
  entries_[static_cast<std::size_t>(id)] = {bytes_.size(), static_cast<std::uint32_t>(piece.size()), true,
                                            false};
  bytes_ += piece;
}

void Vocabulary::add(TokenId id, std::string_view piece) {
  if (const auto other = find_any(piece)) {
    throw Error(ErrorKind::kBadInput, where_,
                "the piece \"" + std::string(piece) + "\" has two ids, " + std::to_string(*other) + " and " +
                    std::to_string(id));
  }
  add_duplicate(id, piece);
}

void Vocabulary::add_duplicate(TokenId id, std::string_view piece) {
  store(id, piece);
  const std::size_t slot = slot_of(piece);
  if (slots_[slot] >= 0) {
    return;
  }
  slots_[slot] = id;
  if (++used_ * 2 > slots_.size()) {
    grow();
  }
}

}  // namespace everform::text
